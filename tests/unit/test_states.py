"""The table of transitions: a status never goes back."""

from notifications.models.states import FINAL, OPEN, REPLAYABLE, TRANSITIONS, WAITING, Status, sources


def test_every_status_stands_in_the_table():
    assert set(TRANSITIONS) == set(Status)
    assert set(WAITING) | set(FINAL) == set(Status)
    assert set(OPEN) < set(WAITING)


def test_no_final_status_leads_back_to_one_that_waits():
    for status in FINAL:
        assert not TRANSITIONS[status] & set(WAITING), status


def test_from_every_waiting_status_an_end_can_be_reached():
    for status in WAITING:
        assert TRANSITIONS[status] & set(FINAL), status


def test_no_circle_leads_through_the_final_states():
    def reachable(status: Status, seen: frozenset[Status] = frozenset()) -> set[Status]:
        found = set(TRANSITIONS[status])
        for each in TRANSITIONS[status] - seen:
            found |= reachable(each, seen | {each})
        return found

    for status in FINAL:
        assert status not in reachable(status), status


def test_sources_is_the_inverse_of_the_table():
    assert set(sources(Status.DELIVERED)) == {status for status in Status if Status.DELIVERED in TRANSITIONS[status]}
    assert sources(Status.PENDING) == [Status.STANDBY, Status.UNKNOWN]
    assert not set(REPLAYABLE) & set(WAITING)
