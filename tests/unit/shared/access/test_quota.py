"""What a source may leave behind for ever: so much at once, and little by little again."""

import json
import random
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256

from shared.access.quota import HOUR_SECONDS, ByteQuota
from shared.events.codes import Code, Refusal
from shared.events.headers import headers_of
from shared.events.record import Message, Record
from shared.events.rejection_message import rejection_message
from shared.events.topics import SUBMITTED
from shared.kafka.kept_whole import SOURCES_TOGETHER, KeptWhole

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


def test_a_source_may_use_all_at_once_and_gets_it_back_evenly() -> None:
    quota = ByteQuota(3600, HOUR_SECONDS, monotonic=(clock := Clock()))
    quota.use("a", 3600)
    assert quota.seconds_to_wait("a") == 0
    quota.use("a", 100)
    assert quota.seconds_to_wait("a") == 100
    assert quota.seconds_to_wait("b") == 0
    clock.now += 60
    assert quota.seconds_to_wait("a") == 40
    clock.now += 10 * HOUR_SECONDS
    quota.use("a", 3600)
    assert quota.seconds_to_wait("a") == 0


def test_sources_without_number_take_no_memory_without_number() -> None:
    quota = ByteQuota(10, HOUR_SECONDS, most_sources=100, monotonic=Clock())
    for number in range(1000):
        quota.use(f"s{number}", 20)
    assert len(quota._used) == 100
    assert quota.seconds_to_wait("s999") > 0
    assert quota.seconds_to_wait("s1") == 0


def test_over_any_hour_a_source_leaves_no_more_than_twice_its_quota_and_its_last_word() -> None:
    for seed in range(50):
        chance, clock = random.Random(seed), Clock()
        quota = ByteQuota(10_000, HOUR_SECONDS, monotonic=clock)
        taken: list[tuple[float, int]] = []
        for _ in range(500):
            clock.now += chance.expovariate(1 / 30)
            size = chance.randrange(1, 2_000)
            if not quota.seconds_to_wait("a"):
                quota.use("a", size)
                taken.append((clock.now, size))
        for start, _ in taken:
            within = sum(size for at, size in taken if start <= at < start + HOUR_SECONDS)
            assert within <= 2 * 10_000 + 2_000, f"seed {seed}"


def rejection_of(source: str, value: bytes) -> Message:
    headers = headers_of(SUBMITTED, receipt_id="r", source=source, time="t")
    return rejection_message(
        "validator", Record(SUBMITTED.name, 1, 2, 3, b"k", value, headers), Refusal(Code.NOT_JSON, "not JSON"), NOW
    )


def kept_of(message: Message) -> tuple[bytes | None, dict[str, object] | None]:
    rejection = json.loads(message.value)["rejection"]
    whole = rejection["value_base64"]
    return None if whole is None else b64decode(whole), rejection["value_excerpt"]


def test_beyond_its_quota_a_sources_rejections_keep_beginning_and_end_and_say_so_while_others_are_kept_whole() -> None:
    kept = KeptWhole(10_000)
    value = b"begins" + bytes(20_000) + b"ends"
    [first] = kept.fitting([rejection_of("/producers/a", value)])
    kept.count([first])
    assert kept_of(first) == (value, None)
    second, other = kept.fitting([rejection_of("/producers/a", value), rejection_of("/producers/b", value)])
    assert kept_of(other) == (value, None)
    whole, excerpt = kept_of(second)
    assert whole is None
    assert excerpt is not None
    assert (excerpt["byte_count"], excerpt["sha256"]) == (len(value), sha256(value).hexdigest())
    assert excerpt["head_base64"] == b64encode(value[:1024]).decode()
    assert second.size < 5_000
    rejection = json.loads(second.value)["rejection"]
    assert (rejection["code"], rejection["origin"]["offset"], rejection["producer"]) == ("not_json", 2, "/producers/a")
    assert rejection["findings"][-1]["code"] == "original_not_kept"
    assert "its source had used its quota for this hour" in rejection["findings"][-1]["message"]


def test_what_is_small_is_kept_whole_in_any_case() -> None:
    kept = KeptWhole(1)
    kept.count([rejection_of("/producers/a", b"{" * 50_000)])
    [message] = kept.fitting([rejection_of("/producers/a", b"{" * 2_000)])
    assert kept_of(message) == (b"{" * 2_000, None)


def test_names_made_up_one_after_the_other_share_a_quota_too() -> None:
    kept = KeptWhole(10_000)
    for number in range(2 * SOURCES_TOGETHER):
        kept.count(kept.fitting([rejection_of(f"/producers/{number}", bytes(10_000))]))
    [message] = kept.fitting([rejection_of("/producers/new", bytes(10_000))])
    assert kept_of(message)[0] is None
