"""The frontier and the sources: what is known, what is due, and what a restart finds."""

from datetime import UTC, datetime, timedelta

import pytest

from storage import Article, Target, Visit, watch
from storage.records import Gap, HostNote, Listing

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def target(url, **more):
    return Target(url, more.pop("kind", "article"), more.pop("source", "demo"), **more)


def visit(url, *, kind="article", status=200, at=NOW, final_url=None, **more):
    return Visit(url, final_url or url, kind, "demo", at, status, **more)


def targets(store, now=NOW, own=None):
    """What is due: of each host the best."""
    found = (store.best(host, now, own) for host in store.hosts_due(now))
    return [each for each in found if each]


def due(store, now=NOW):
    return [each.url for each in targets(store, now)]


def state(store, url="http://a.example/1"):
    sql = "SELECT state, tries, next_at IS NOT NULL FROM frontier WHERE url = ?"
    return store.db.conn.execute(sql, (url,)).fetchone()


def test_an_address_is_queued_once_whatever_its_variant(store):
    urls = ["http://a.example/1", "https://www.a.example/1", "http://m.a.example/1?utm_source=x", "http://a.example/2"]
    assert store.add_targets(map(target, urls), NOW) == 2
    assert store.add_targets(map(target, urls), NOW) == 0


def test_an_article_that_gave_no_answer_is_queued_again_by_another_scheme(store):
    secure, plain = "https://a.example/1", "http://a.example/1"
    store.add_targets([target(secure)], NOW)
    assert store.known([plain]).keys() == {plain}
    store.note_failure(visit(secure, status=0), next_at=None)
    assert store.known([secure, plain]).keys() == {secure}
    assert store.add_targets([target(secure)], NOW) == 0
    assert store.add_targets([target(plain)], NOW) == 1
    assert due(store) == [plain]


def test_a_page_that_names_both_schemes_has_no_endless_tries(store):
    both = ["https://a.example/1", "http://a.example/1"]
    tries = 0
    while store.add_targets(map(target, both), NOW) and tries < 100:
        tries += 1
        store.note_failure(visit(due(store)[0], status=0), next_at=None)
    assert 1 < tries < 20


def test_an_address_without_a_host_is_not_queued(store):
    assert store.add_targets([target("javascript:void(0)"), target("http://[bad/")], NOW) == 0


def test_the_best_of_each_host_is_due(store):
    store.add_targets([target("http://a.example/1"), target("http://a.example:8080/2", priority=5)], NOW)
    store.add_targets([target("http://b.example/1", priority=9), target("http://c.example/1", next_at=NOW + HOUR)], NOW)
    assert due(store) == ["http://a.example:8080/2", "http://b.example/1"]


def test_a_revisit_that_is_due_goes_by_its_priority_among_the_new_ones(store):
    store.add_targets([target("http://a.example/", kind="list", priority=80)], NOW)
    store.save(visit("http://a.example/", kind="list"), next_at=NOW + HOUR)
    store.add_targets([target("http://a.example/1", priority=60)], NOW)
    assert due(store) == ["http://a.example/1"]
    assert due(store, NOW + HOUR) == ["http://a.example/"]


def test_of_equal_priority_the_longest_waiting_goes_first(store):
    store.add_targets([target("http://a.example/late")], NOW + HOUR)
    store.add_targets([target("http://a.example/early")], NOW)
    assert due(store, NOW + HOUR) == ["http://a.example/early"]


def test_a_later_address_of_high_priority_does_not_hide_one_that_is_due(store):
    store.add_targets([target("http://a.example/1"), target("http://a.example/2", priority=9, next_at=NOW + HOUR)], NOW)
    assert due(store) == ["http://a.example/1"]


def test_next_due_and_waiting(store):
    assert store.next_due(NOW) is None
    store.add_targets([target("http://a.example/1", next_at=NOW + HOUR)], NOW)
    assert (store.next_due(NOW), store.waiting(NOW)) == (NOW + HOUR, 0)
    assert (store.next_due(NOW + HOUR), store.waiting(NOW + HOUR)) == (None, 1)


def test_the_addresses_of_other_sources_can_be_left_aside(store):
    mine, theirs = target("http://a.example/1", priority=1), target("http://a.example/2", priority=9, source="other")
    store.add_targets([mine, theirs], NOW)
    assert [each.url for each in targets(store, own=["demo"])] == ["http://a.example/1"]
    assert targets(store, own=[]) == []
    assert [each.source for each in targets(store)] == ["other"]


def test_a_visited_address_is_due_again_with_its_validators(store):
    store.add_targets([target("http://a.example/1", priority=3, depth=2, found_on="http://a.example/")], NOW)
    store.save(visit("http://a.example/1", etag='"1"', last_modified="Fri"), next_at=NOW + HOUR)
    assert due(store) == []
    (again,) = targets(store, NOW + HOUR)
    assert (again.etag, again.last_modified, again.visited_at, again.next_at) == ('"1"', "Fri", NOW, NOW + HOUR)
    assert (again.priority, again.depth, again.found_on, again.tries) == (3, 2, "http://a.example/", 0)


def test_a_304_without_validators_keeps_those_that_are_known(store):
    store.save(visit("http://a.example/1", etag='"1"'), next_at=NOW)
    store.save(visit("http://a.example/1", status=304), next_at=NOW)
    assert targets(store, NOW)[0].etag == '"1"'


def test_an_answer_without_validators_drops_the_old_ones(store):
    store.save(visit("http://a.example/1", etag='"1"'), next_at=NOW)
    store.save(visit("http://a.example/1"), next_at=NOW)
    assert targets(store, NOW)[0].etag == ""


def test_without_a_next_time_it_never_is(store):
    store.add_targets([target("http://a.example/1")], NOW)
    store.save(visit("http://a.example/1"))
    assert (due(store, NOW + 99 * HOUR), state(store)) == ([], ("done", 0, 0))


@pytest.mark.parametrize(("status", "expected"), [(404, "gone"), (410, "gone"), (500, "failed"), (0, "failed")])
def test_a_failure_for_good_says_how(store, status, expected):
    store.add_targets([target("http://a.example/1")], NOW)
    store.note_failure(visit("http://a.example/1", status=status, error="no"), next_at=None)
    assert (due(store), state(store)) == ([], (expected, 1, 0))


def test_failures_in_a_row_are_counted_until_one_visit_succeeds(store):
    store.add_targets([target("http://a.example/1")], NOW)
    for _ in range(3):
        store.note_failure(visit("http://a.example/1", status=503, error="busy"), next_at=NOW)
    assert targets(store, NOW)[0].tries == 3
    store.save(visit("http://a.example/1"), next_at=NOW)
    assert targets(store, NOW)[0].tries == 0


def test_where_a_redirect_led_need_not_be_asked(store):
    store.add_targets([target("http://a.example/old"), target("http://a.example/new")], NOW)
    store.save(visit("http://a.example/old", final_url="http://a.example/new"))
    assert due(store) == []


def test_the_address_that_redirects_stays_the_one_that_is_revisited(store):
    store.save(visit("http://a.example/", kind="list", final_url="http://a.example/home"), next_at=NOW + HOUR)
    assert due(store, NOW + HOUR) == ["http://a.example/"]


def test_another_address_of_a_stored_article_is_not_queued(store):
    article = Article("http://a.example/new", "题", "正文", NOW, canonical="http://a.example/full")
    store.save(visit("http://a.example/old", final_url="http://a.example/new"), article=article)
    urls = ["https://www.a.example/old", "http://a.example/new/", "http://a.example/full"]
    assert store.known(urls).keys() == set(urls[:2])
    assert store.add_targets(map(target, urls), NOW) == 1


def test_new_targets_of_a_page_come_with_it(store):
    saved = store.save(
        visit("http://a.example/", kind="list"), targets=[target("http://a.example/1"), target("http://a.example/2")]
    )
    assert (saved.queued, store.waiting(NOW)) == (2, 2)


def test_known_addresses_can_be_woken(store):
    store.save(visit("http://a.example/", kind="list", etag='"1"'))
    assert store.wake(["https://www.a.example/", "http://unknown.example/"], NOW) == 1
    assert targets(store, NOW)[0].etag == '"1"'


def test_what_announces_articles_can_be_woken_a_whole_source_at_once(store):
    for url, kind, next_at in (
        ("list", "list", HOUR),
        ("feed", "feed", HOUR),
        ("1", "article", HOUR),
        ("2", "list", None),
    ):
        found = visit(f"http://a.example/{url}", kind=kind)
        store.save(found, next_at=NOW + next_at if next_at else None)
    assert store.wake_lists("demo", NOW) == 2
    assert store.wake_lists("other", NOW) == 0


def steps(store, act):
    """How many steps SQLite's machine takes for what `act` asks of it."""
    count = 0

    def one():
        nonlocal count
        count += 1

    store.db.conn.set_progress_handler(one, 1)
    act()
    store.db.conn.set_progress_handler(None, 1)
    return count


def test_the_cost_of_a_pick_does_not_grow_with_the_queue(store):
    costs = []
    for start in (0, 20):
        more = range(start, start + 20 if start == 0 else 400)
        store.add_targets([target(f"http://h{host}.example/{page}") for host in range(30) for page in more], NOW)
        for page in more:
            store.save(visit(f"http://h0.example/done/{page}"), next_at=NOW + HOUR)
        costs.append((steps(store, lambda: store.best("h0.example", NOW)), steps(store, lambda: store.hosts_due(NOW))))
    (few_pick, few_hosts), (many_pick, many_hosts) = costs
    assert many_pick <= few_pick * 1.5
    assert many_hosts <= few_hosts * 1.5


# -- hosts


def hosts(store):
    return [tuple(row) for row in store.db.execute("SELECT host, requests, failures, error, error_since FROM hosts")]


def test_a_host_says_since_when_it_fails_until_it_answers(store):
    for hours in range(2):
        failed = visit("http://a.example/1", status=0, error="refused", at=NOW + hours * HOUR)
        store.note_failure(failed, next_at=None)
    assert hosts(store) == [("a.example", 2, 2, "refused", "2026-03-20T14:00:00.000+00:00")]
    store.note_failure(visit("http://a.example/2", status=404, error="HTTP status 404"), next_at=None)
    assert hosts(store) == [("a.example", 3, 0, None, None)]


def test_a_restart_knows_which_hosts_rest_and_which_share_an_address(store):
    rest = visit("http://a.example/1", status=503, error="busy", rest_until=NOW + HOUR)
    store.note_failure(rest, next_at=NOW + HOUR)
    for host, address in (("b", "192.0.2.1"), ("c", "192.0.2.1"), ("d", "192.0.2.2")):
        store.save(visit(f"http://{host}.example/", address=address))
    assert store.host_notes(NOW) == [
        HostNote("a.example", "", NOW + HOUR),
        HostNote("b.example", "192.0.2.1"),
        HostNote("c.example", "192.0.2.1"),
    ]
    assert len(store.host_notes(NOW + HOUR)) == 2


# -- sources


def add(store, name="demo", **more):
    store.upsert_source(name, [f"http://{name}.example/"], timedelta(minutes=15), now=NOW, **more)


def test_of_very_many_open_gaps_the_last_ones_are_looked_at(store):
    for n in range(150):
        gap = Gap("news", "http://a.example/", NOW, NOW, "", NOW + n * HOUR)
        store.save(visit("http://a.example/", at=NOW + n * HOUR, kind="list"), listing=Listing(gap=gap))
    found = [(gap.noted_at - NOW) / HOUR for gap in store.gaps("news")]
    assert found == list(range(50, 150))


def test_a_new_source_has_no_time_and_then_its_own(store):
    add(store)
    assert store.source_next("demo") is None
    store.set_source_next("demo", NOW + HOUR)
    assert store.source_next("demo") == NOW + HOUR


def test_taking_a_source_over_again_keeps_its_history(store):
    add(store)
    store.set_source_next("demo", NOW + HOUR)
    store.save(visit("http://demo.example/", kind="list"))
    add(store, cron="0 * * * *")
    (row,) = watch.sources(store.db)
    assert (row["cron"], row["next_at"] is None, row["last_visit_at"] is None) == ("0 * * * *", False, False)


def test_a_source_says_since_when_its_list_fails_until_it_answers(store):
    add(store)
    for hours in range(2):
        store.note_failure(
            visit("http://demo.example/", kind="list", status=0, error="refused", at=NOW + hours * HOUR), next_at=None
        )
    (ill,) = watch.sources(store.db)
    assert (ill["error"], ill["error_since"], ill["error_count"]) == ("refused", "2026-03-20T14:00:00.000+00:00", 2)
    store.save(visit("http://demo.example/", kind="list", at=NOW + 2 * HOUR))
    (well,) = watch.sources(store.db)
    assert (well["error"], well["error_since"], well["error_count"]) == (None, None, 0)
    assert well["last_success_at"] == "2026-03-20T16:00:00.000+00:00"


def test_one_missing_article_is_no_fault_of_its_source(store):
    add(store)
    store.note_failure(visit("http://demo.example/1", status=404, error="HTTP status 404"), next_at=None)
    assert watch.sources(store.db)[0]["error"] is None


def test_a_source_knows_when_it_last_brought_something(store):
    add(store)
    store.save(visit("http://demo.example/1"), article=Article("http://demo.example/1", "题", "正文", NOW))
    store.save(visit("http://demo.example/", kind="list", at=NOW + HOUR))
    (row,) = watch.sources(store.db)
    assert (row["last_item_at"], row["articles"]) == ("2026-03-20T14:00:00.000+00:00", 1)
