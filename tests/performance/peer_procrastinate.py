"""procrastinate in the measured database, with a task that does nothing; only imported where it is installed."""

# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator"

import os

from procrastinate import App, PsycopgConnector

from tests.performance.noop import nothing

app = App(connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))


@app.task(name="bench.nothing")
def task() -> None:
    """What each task is."""
    nothing()


def defer(number: int) -> None:
    """Put so many tasks into the queue; the tables are made at first."""
    with app.open():
        if not app.check_connection():
            app.schema_manager.apply_schema()
        task.batch_defer(*({} for _ in range(number)))
