"""Figures, each measured beside its limit or its peer in the same run: `python -m tests.performance`.

Each figure is a row: a function with the decorator `harness.row`, in the file of its area (`accept`, `deliver`,
`queues`, `realtime`, `due`, `inbox`, `startup`, `idle`). To add one, write such a function, in a file of its own
named in `session.AREAS` where the area is new:

    @row("notify() to 100", beside="bulk_create of the same rows", goals=(Goal("ratio", ">=", 0.7),))
    def notify_100(bench: Bench) -> Measured:
        return rates(ours, peer, items=100, runs=bench.runs)

A row runs once for each deployment it names: `postgresql` (with Redis) and `sqlite` (embedded, nothing else), each in
a process and a database of its own that are gone afterwards. `Measured.values` holds what its goals speak of. The
folder is also a Django app, so that the clusters and servers that rows start know its types.
"""
