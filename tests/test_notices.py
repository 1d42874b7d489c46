"""Saved searches: what gives a notice, that none is missed and none comes twice, and what becomes of it."""

import random
import re
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from config import Search, Settings
from crawler import delivery
from crawler.chores import Stopped
from crawler.commands._notices import state
from crawler.couriers import Brought
from crawler.delivery import ATTEMPTS, Delivery, pause_after
from crawler.doctor import BAD, NOTE, Facts, _notices
from crawler.notices import collect, is_pending
from crawler.payload import body, payload
from crawler.screen import moment
from storage import Article, Visit, history, notices, outbox, query
from storage.search import form, holds

NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CITIES = "北京 上海 青海 四川 云南 广东 浙江 山西 河北 湖南".split()


def text_of(number):
    """A text of its own for each number."""
    chance = random.Random(number)
    return "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(150))


class Desk:
    """A store with a clock that is set, one saved search, and a receiver."""

    def __init__(self, store, **search):
        self.store, self.at, self.taken, self.answer = store, NOW, [], Brought()
        self.search = Search("watch", "webhook", **{"search": "储能", **search})
        self.collect()

    def clock(self):
        return self.at

    def put(self, host, path, title, text, *, told=None, **more):
        """An article comes in, a minute after what came before."""
        self.at += MINUTE
        url = f"http://{host}/{path}"
        article = Article(url, title, text, self.at, published_at=told, site=host, **more)
        return self.store.save(Visit(url, url, "article", host, self.at, 200), article=article)

    def bring(self, search, notice, base, now, still):
        self.taken.append(notice["key"])
        return self.answer(notice) if callable(self.answer) else self.answer

    def collect(self):
        return collect(self.store, [self.search], self.clock)

    def deliver(self):
        return Delivery(self.store, None, self.clock, bring=self.bring).once([self.search])

    def rows(self):
        return self.store.db.conn.execute("SELECT article_id, state, attempts, last_error FROM outbox").fetchall()

    def articles(self):
        return [row[0] for row in self.rows()]

    def due(self):
        return outbox.due(self.store, "watch", self.at, 99)


@pytest.fixture
def desk(store):
    return Desk(store)


# -- what gives a notice


def test_a_new_article_gives_a_notice_and_one_that_was_there_none(store):
    store.save(
        Visit("http://a.example/0", "http://a.example/0", "article", "a", NOW, 200),
        article=Article("http://a.example/0", "储能旧闻", text_of(0), NOW),
    )
    desk = Desk(store)
    desk.put("a.example", 1, "储能新闻", text_of(1))
    desk.put("a.example", 2, "别的新闻", text_of(2))
    assert is_pending(store, [desk.search], desk.at)
    assert (desk.collect().found, desk.articles()) == (1, [2])
    assert (desk.deliver().sent, desk.collect().found, desk.deliver().sent) == (1, 0, 0)
    assert not is_pending(store, [desk.search], desk.at)


def test_since_looks_back(store):
    desk = Desk(store)
    for number in range(3):
        desk.put("a.example", number, f"储能{number}", text_of(number))
    notices.begin(store, "later", desk.at, since=NOW + 2 * MINUTE)
    wishes = {"later": notices.Wish("储能")}
    assert notices.look(store, wishes, desk.at)[0] == 2


def test_a_copy_gives_no_second_notice_before_or_after_the_first_was_sent(desk):
    desk.put("a.example", 1, "储能新闻", text_of(1))
    desk.put("b.example", 1, "储能新闻", text_of(1))
    desk.collect()
    desk.deliver()
    desk.put("c.example", 1, "储能新闻", text_of(1))
    # It was told before all of them: now the story is its.
    desk.put("d.example", 1, "储能新闻", text_of(1), told=NOW - MINUTE)
    desk.collect()
    assert desk.store.db.conn.execute("SELECT count(*) FROM stories").fetchone() == (1,)
    assert desk.articles() == [1]


def test_a_copy_of_what_was_there_before_the_search_gives_none(store):
    store.save(
        Visit("http://a.example/1", "http://a.example/1", "article", "a", NOW, 200),
        article=Article("http://a.example/1", "储能新闻", text_of(1), NOW, site="a.example"),
    )
    desk = Desk(store)
    assert desk.put("b.example", 1, "储能新闻", text_of(1)).outcome == "copy"
    desk.collect()
    assert desk.articles() == []


def test_a_copy_that_alone_is_found_gives_the_notice_of_its_story(store):
    desk = Desk(store, where="site = 'b.example'")
    desk.put("a.example", 1, "储能新闻", text_of(1))
    desk.collect()
    desk.put("b.example", 1, "储能新闻", text_of(1))
    desk.put("c.example", 1, "储能新闻", text_of(1))
    desk.collect()
    assert desk.articles() == [2]


def test_two_stories_that_become_one_give_no_third_notice(desk):
    desk.put("a.example", 1, "储能新闻", text_of(1))
    desk.put("b.example", 1, "储能快讯", text_of(2))
    desk.collect()
    desk.put("b.example", 1, "储能新闻", text_of(1))
    desk.collect()
    assert desk.store.db.conn.execute("SELECT count(*) FROM stories").fetchone() == (1,)
    assert desk.articles() == [1, 2]


def test_an_article_that_is_corrected_into_the_search_gives_a_notice_once(desk):
    desk.put("a.example", 1, "快讯", text_of(1))
    desk.collect()
    desk.put("a.example", 1, "储能快讯", text_of(1))
    desk.put("a.example", 1, "储能快讯（更新）", text_of(1))
    desk.collect()
    assert desk.articles() == [1]


def test_advertising_gives_none_unless_it_is_asked_for(store):
    desk, other = Desk(store), Search("ads", "webhook", search="储能", ads=True)
    collect(store, [other], desk.clock)
    desk.put("a.example", 1, "储能大促", text_of(1), ad_score=0.9)
    collect(store, [desk.search, other], desk.clock)
    assert [(row["name"], row["waiting"]) for row in outbox.states(store.db)] == [("ads", 1), ("watch", 0)]


def test_what_was_told_long_ago_gives_none(desk):
    desk.put("a.example", 1, "储能新闻", text_of(1), told=NOW - 3 * DAY)
    desk.put("a.example", 2, "储能新闻二", text_of(2), told=NOW - DAY)
    desk.collect()
    assert desk.articles() == [2]


def test_what_an_import_brings_gives_none(desk):
    desk.put("a.example", 1, "储能新闻", text_of(1))
    desk.store.db.execute("INSERT INTO imports (name, head, size, begun_at) VALUES ('a', 'b', 1, 'c')")
    desk.store.db.execute("UPDATE visits SET import_id = 1")
    desk.collect()
    assert desk.articles() == []


def test_a_search_with_wrong_sql_is_told_and_keeps_no_other_waiting(desk):
    wrong = Search("wrong", "webhook", where="colour = 'red'")
    collect(desk.store, [wrong], desk.clock)
    desk.put("a.example", 1, "储能新闻", text_of(1))
    found = collect(desk.store, [wrong, desk.search], desk.clock)
    assert "no such column: colour" in found.errors["wrong"]
    assert desk.articles() == [1]
    mended = Search("wrong", "webhook", where="site = 'a.example'")
    assert collect(desk.store, [mended], desk.clock).found == 1
    assert [row["error"] for row in outbox.states(desk.store.db)] == [None, None]


ENDLESS = "(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r)"


def test_a_search_without_end_is_ended_and_keeps_no_other_waiting(desk, monkeypatch):
    monkeypatch.setattr(notices, "SECONDS", 0.01)
    endless = Search("endless", "webhook", where=ENDLESS)
    collect(desk.store, [endless], desk.clock)
    desk.put("a.example", 1, "储能一", text_of(1))
    found = collect(desk.store, [endless, desk.search], desk.clock)
    assert "takes more than 0.01 s" in found.errors["endless"] and found.slow == {"endless"}
    assert (desk.articles(), desk.store.db.conn.in_transaction) == ([1], False)
    # It stays where it is: mended it finds what it has missed.
    assert is_pending(desk.store, [endless], desk.at) and not is_pending(desk.store, [endless], desk.at, {"endless"})
    assert collect(desk.store, [Search("endless", "webhook", where="1")], desk.clock).found == 1


def test_a_slow_search_is_asked_once_in_a_look_however_much_there_is(desk, monkeypatch):
    monkeypatch.setattr(notices, "SECONDS", 0.01)
    monkeypatch.setattr(notices, "STEP", 1)
    endless = Search("endless", "webhook", where=ENDLESS)
    collect(desk.store, [endless], desk.clock)
    for number in range(3):
        desk.put("a.example", number, f"储能{number}", text_of(number))
    looks, really = [], notices.look
    monkeypatch.setattr(
        notices, "look", lambda store, wishes, now: looks.append(set(wishes)) or really(store, wishes, now)
    )
    assert collect(desk.store, [endless, desk.search], desk.clock).found == 3
    assert looks == [{"endless", "watch"}, {"watch"}, {"watch"}]


def test_a_pause_misses_nothing_and_may_skip(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    outbox.pause(desk.store, "watch", desk.at)
    assert not is_pending(desk.store, [desk.search], desk.at)
    assert desk.collect().found == 0
    outbox.resume(desk.store, "watch", desk.at)
    assert desk.collect().found == 1
    outbox.pause(desk.store, "watch", desk.at)
    desk.put("a.example", 2, "储能二", text_of(2))
    assert desk.due() == []
    outbox.resume(desk.store, "watch", desk.at, skip=True)
    assert desk.collect().found == 0
    assert len(desk.due()) == 1


def test_it_finds_what_a_search_finds(store):
    desk = Desk(store)
    titles = ["储能电站", "小米SU7上市", "Tesla 5G基站", "儲能", "interest rates", "储 能", "A股"]
    for number, title in enumerate(titles):
        desk.put("a.example", number, title, text_of(number))
    for words in ("储能", "小米S", "tesla", "NOT 储能", "储能 OR 5G", '"interest rate" OR rate*', "A股 -储能", "，。"):
        found = {row["title"] for row in query.search(store.db, words, limit=99)}
        held = holds(words)
        assert {title for n, title in enumerate(titles) if held and held(form(title), form(text_of(n)))} == found


# -- what becomes of it


def test_a_place_that_takes_nothing_is_left_alone_longer_and_longer_until_it_does(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.put("a.example", 2, "储能二", text_of(2))
    desk.collect()
    desk.answer = Brought("HTTP status 500")
    assert (desk.deliver().failed, len(desk.taken)) == (1, 1)  # the second was not tried
    assert desk.deliver().failed == 0
    desk.at += MINUTE
    assert (desk.deliver().failed, len(desk.taken)) == (1, 2)
    desk.at += MINUTE
    assert desk.due() == []
    assert desk.rows() == [(1, "waiting", 2, "HTTP status 500"), (2, "waiting", 2, "HTTP status 500")]
    # What comes meanwhile waits with them.
    desk.put("a.example", 3, "储能三", text_of(3))
    desk.collect()
    desk.answer = Brought()
    assert desk.deliver().sent == 3
    assert [row[1] for row in desk.rows()] == ["sent"] * 3
    assert outbox.states(desk.store.db)[0]["error"] is None


def test_after_so_many_attempts_a_notice_has_failed_and_retry_begins_anew(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.collect()
    desk.answer = Brought("HTTP status 503")
    for _ in range(ATTEMPTS):
        desk.deliver()
        desk.at += DAY
    assert (len(desk.taken), desk.rows()) == (ATTEMPTS, [(1, "failed", ATTEMPTS, "HTTP status 503")])
    assert desk.deliver().failed == 0
    (row,) = outbox.states(desk.store.db)
    found = list(_notices(Facts(desk.at, Settings(), notices=[row])))
    assert [each.state for each in found] == [BAD, BAD]
    assert "1 notice since" in found[0].what and "retry watch" in found[0].remedy
    desk.answer = Brought()
    assert outbox.retry(desk.store, "watch", desk.at) == 1
    assert (desk.deliver().sent, len(set(desk.taken))) == (1, 1)


def test_a_place_that_just_began_to_fail_is_a_note(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.collect()
    desk.answer = Brought("HTTP status 503")
    desk.deliver()
    (found,) = _notices(Facts(desk.at, Settings(), notices=outbox.states(desk.store.db)))
    assert (found.state, "1 waiting" in found.what) == (NOTE, True)


def test_retry_after_is_kept(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.collect()
    desk.answer = Brought("HTTP status 429", wait=3600)
    desk.deliver()
    desk.at += 59 * MINUTE
    assert desk.due() == []
    desk.at += MINUTE
    assert len(desk.due()) == 1


def test_a_notice_that_is_refused_keeps_no_other(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.put("a.example", 2, "储能二", text_of(2))
    desk.collect()
    desk.answer = lambda notice: Brought("HTTP status 400", True) if notice["article"]["id"] == 1 else Brought()
    done = desk.deliver()
    assert (done.sent, done.failed) == (1, 1)
    assert desk.rows() == [(1, "waiting", 1, "HTTP status 400"), (2, "sent", 0, None)]
    assert desk.due() == []


def test_a_place_that_refuses_every_notice_is_told(desk):
    for number in range(3):
        desk.put("a.example", number, f"储能{number}", text_of(number))
    desk.collect()
    desk.answer = Brought("HTTP status 422", True)
    assert desk.deliver().failed == 3
    desk.collect()
    (row,) = outbox.states(desk.store.db)
    assert state(desk.search, row) == f"3 not taken since {moment(row['refused_since'])}: HTTP status 422"
    assert [found.state for found in _notices(Facts(desk.at, Settings(), notices=[row]))] == [NOTE]
    (found,) = _notices(Facts(desk.at + DAY + MINUTE, Settings(), notices=[row]))
    assert (found.state, found.what) == (BAD, "3 notices not taken for 1 day: HTTP status 422")
    desk.at, desk.answer = desk.at + DAY, Brought()
    desk.deliver()
    (row,) = outbox.states(desk.store.db)
    assert (state(desk.search, row), list(_notices(Facts(desk.at, Settings(), notices=[row])))) == ("well", [])


def test_the_pauses_grow_and_end():
    assert [pause_after(n) // MINUTE for n in (1, 2, 3, 9, 10, 99)] == [1, 2, 4, 256, 360, 360]
    assert pause_after(1, 1e9) == DAY
    assert sum((pause_after(n) for n in range(1, ATTEMPTS)), timedelta()) > DAY


def test_a_clock_that_is_set_back_delays_no_notice(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.collect()
    desk.answer = Brought("HTTP status 500")
    desk.at += 30 * DAY
    desk.deliver()
    desk.at -= 30 * DAY
    assert len(desk.due()) == 1


def test_a_search_that_hangs_keeps_no_other_waiting(desk):
    other = Search("other", "webhook", search="储能")
    collect(desk.store, [other], desk.clock)
    desk.put("a.example", 1, "储能一", text_of(1))
    both = [desk.search, other]
    collect(desk.store, both, desk.clock)
    served = threading.Event()

    def bring(search, notice, base, now, still):
        if search is other:
            served.set()
        # The first ends only when the second has been served.
        return Brought() if served.wait(5) else Brought("waited in vain")

    assert Delivery(desk.store, None, desk.clock, bring=bring).once(both).sent == 2


def test_the_end_of_the_daemon_begins_nothing_more_and_notes_what_arrived(desk):
    for number in range(5):
        desk.put("a.example", number, f"储能{number}", text_of(number))
    desk.collect()
    over = threading.Event()

    def still():
        if over.is_set():
            raise Stopped

    def bring(search, notice, base, now, still):
        still()
        over.set()
        return Brought()

    with pytest.raises(Stopped):
        Delivery(desk.store, None, desk.clock, still, bring).once([desk.search])
    assert [row[1] for row in desk.rows()] == ["sent", *["waiting"] * 4]


# -- a feed


@pytest.fixture
def feed_desk(store, tmp_path, monkeypatch):
    """A desk whose search goes into a feed that holds a day, at least two notices and at most three."""
    monkeypatch.setattr(delivery, "ROOM", outbox.Room(2, 3, DAY))
    desk = Desk(store)
    desk.search = Search("watch", "feed", search="储能", path=tmp_path / "f.atom")
    return desk


def in_feed(desk):
    found = re.findall("<title>储能(.)</title>", desk.search.path.read_text("utf-8"))
    return "".join(found)


def fill(desk, numbers):
    for number in numbers:
        desk.put("a.example", number, f"储能{number}", text_of(number))
    desk.collect()
    return desk.deliver()


def test_a_feed_holds_a_day_and_at_least_so_many(feed_desk):
    fill(feed_desk, (1, 2))
    fill(feed_desk, (3,))
    assert in_feed(feed_desk) == "321"
    feed_desk.at += 2 * DAY
    fill(feed_desk, (4,))
    assert in_feed(feed_desk) == "43"
    before = feed_desk.search.path.read_bytes()
    feed_desk.search.path.unlink()
    feed_desk.at += 2 * DAY
    feed_desk.deliver()
    assert feed_desk.search.path.read_bytes() == before


def test_what_a_feed_has_no_room_for_is_not_noted_as_sent(feed_desk):
    done = fill(feed_desk, range(5))
    assert (done.sent, done.failed, in_feed(feed_desk)) == (3, 2, "432")
    assert "2 notices given up: more came at once than the feed has room for (3)" in done.errors["watch"]
    (row,) = outbox.states(feed_desk.store.db)
    assert (row["sent"], row["failed"], row["waiting"]) == (3, 2, 0)
    # Sent again they stand in it.
    assert outbox.retry(feed_desk.store, "watch", feed_desk.at) == 2
    assert (feed_desk.deliver().sent, in_feed(feed_desk)) == (2, "104")


# -- nothing missed, nothing twice


class Killed(BaseException):
    """The process dies here."""


def kills(monkeypatch, chance, often):
    """Let the process die before and after what is written, now and then; what is to be counted when it does."""
    count = []

    def deadly(module, name):
        really = getattr(module, name)

        def call(*args, **named):
            if chance.random() < often:
                count.append(name)
                raise Killed
            result = really(*args, **named)
            if chance.random() < often:
                count.append(name)
                raise Killed
            return result

        monkeypatch.setattr(module, name, call)

    deadly(notices, "_put")
    deadly(notices, "stamp")
    deadly(notices, "look")
    deadly(notices, "begin")
    deadly(delivery.outbox, "sent")
    deadly(delivery.outbox, "down")
    return count


def told_in(store):
    """How many notices there are of each story that there is now."""
    sql = "SELECT story_id, count(*) FROM outbox JOIN articles ON articles.id = article_id GROUP BY 1"
    return dict(store.db.conn.execute(sql))


def untold(store, since):
    """The articles that said something new since an observation, that are found, and whose story was not told."""
    sql = """
        SELECT DISTINCT article_id FROM observations JOIN articles ON articles.id = article_id
        JOIN stories ON stories.id = story_id
        WHERE observations.id > ? AND articles.title LIKE '%储能%'
            AND stories.key NOT IN (SELECT story FROM outbox) AND story_id NOT IN (
                SELECT other.story_id FROM outbox JOIN articles AS other ON other.id = outbox.article_id)
    """
    return [number for (number,) in store.db.conn.execute(sql, (since,))]


def looked_to(store):
    return store.db.conn.execute("SELECT observation FROM searches").fetchone()[0]


def chaos(store, monkeypatch, seed, steps):
    """Articles, copies, late originals and corrections, with kills in between; the desk, the keys taken, the kills."""
    chance = random.Random(seed)
    desk = Desk(store)
    with monkeypatch.context() as patched:
        killed = kills(patched, chance, 0.15)
        for step in range(steps):
            what, story = chance.random(), chance.randrange(12)
            title = f"{'储能' if story % 3 else '别的'}{CITIES[story % 10]}"
            host = f"{chance.choice('abcdef')}.example"
            told = NOW - chance.random() * DAY if what < 0.3 else None
            if what < 0.15:  # an address gets another story
                title, story = title + "更正", story + 100 * (what < 0.07)
            desk.put(host, step % 20, title, text_of(story), told=told)
            desk.answer = Brought("HTTP status 500") if chance.random() < 0.2 else Brought()
            for work in (desk.collect, desk.deliver):
                if chance.random() < 0.5:
                    before, since = told_in(store), looked_to(store)
                    with suppress(Killed):
                        work()
                    # Nothing new of a story that was told; and all that was looked through is told.
                    assert all(number <= max(before.get(each, 0), 1) for each, number in told_in(store).items())
                    assert looked_to(store) == since or untold(store, since) == []
    desk.answer, since = Brought(), looked_to(store)
    desk.collect()
    assert untold(store, since) == []
    for _ in range(20):
        desk.at += DAY
        desk.deliver()
    return desk, len(killed)


def check_chaos(desk, killed):
    run = desk.store.db.conn.execute
    assert [row for row in desk.rows() if row[1] != "sent"] == []
    keys = {key for (key,) in run("SELECT key FROM outbox")}
    assert (set(desk.taken), killed > 0) == (keys, True)
    assert len(keys) == len(run("SELECT DISTINCT story FROM outbox").fetchall())


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_missed_and_nothing_stands_twice_whenever_it_is_killed(store, monkeypatch, seed):
    check_chaos(*chaos(store, monkeypatch, seed, 40))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 80))
def test_the_same_many_times(store, monkeypatch, seed):
    check_chaos(*chaos(store, monkeypatch, seed, 120))


# -- what it says


def test_what_is_not_known_is_null_and_a_template_takes_its_place(desk):
    desk.put("a.example", 1, '储能"一"', text_of(1))
    article = query.article(desk.store.db, "1")
    story = {"key": "k", "copies": 0, "sites": 1}
    notice = payload(article, story, name="watch", words="储能", key="abc", found_at=NOW)
    assert notice["article"]["author"] is None and notice["article"]["is_ad"] is False
    made = body(notice, '{"text": {"content": "{title} {url} {author}{none}", "n": [1, "{key}"]}}')
    assert made.decode() == ('{"text": {"content": "储能\\"一\\" http://a.example/1 {none}", "n": [1, "abc"]}}')


def test_the_key_is_that_of_the_story_also_in_a_database_that_was_put_back(desk):
    before = desk.store.db.conn.serialize()
    desk.put("a.example", 1, "储能一", text_of(1))
    desk.put("a.example", 2, "储能二", text_of(2))
    desk.collect()
    known = {letter.article_id: letter.key for letter in desk.due()}
    desk.store.db.conn.deserialize(before)
    desk.put("a.example", 2, "储能二", text_of(2))
    desk.collect()
    assert [(letter.article_id, letter.key) for letter in desk.due()] == [(1, known[2])]


def test_two_processes_that_look_at_once_put_each_notice_once(desk, monkeypatch):
    desk.put("a.example", 1, "储能一", text_of(1))
    really = notices._put

    def late(*args):
        monkeypatch.setattr(notices, "_put", really)
        desk.store.db.execute("ROLLBACK")
        assert desk.collect().found == 1  # the other was faster
        desk.store.db.execute("BEGIN")
        return really(*args)

    monkeypatch.setattr(notices, "_put", late)
    assert (desk.collect().found, desk.articles()) == (0, [1])


def test_what_was_known_at_a_time_is_not_disturbed(desk):
    desk.put("a.example", 1, "储能一", text_of(1))
    then = desk.at
    desk.collect()
    desk.deliver()
    desk.put("a.example", 1, "储能一（更新）", text_of(1))
    desk.collect()
    history.travel(desk.store.db.conn, then)
    assert [row["title"] for row in query.search(desk.store.db, "储能")] == ["储能一"]
