"""kill -9 around every transaction: what was answered with 200 is never lost, and nothing is doubled silently."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crash_world import (
    DOUBT_S,
    INCOMING,
    LONG,
    MESSAGES,
    NUMBER,
    SENDER,
    AtStage,
    Client,
    Ending,
    Process,
    busy_daemon,
    daemon,
    incoming_texts,
    judge,
    make_token,
    rows,
)

from simmodem import Profile, Rule, Smss, Stage, VirtualModems
from smsgw.model import Status
from world import until

AT_START = ("_register",)
ON_THE_WAY = (
    "_submit_once",
    "_claim",
    "_accepted",
    "_received",
    "hand_over",
    "put_away",
    "take_in",
)
SELDOM_ON_THE_WAY = ("_submitting", "_refused", "record_learned", "sighted", "seen", "mark_boot")
BARRED = "79990000001"
SHORT = [f"message {n}" for n in range(6)]
UNKNOWN = frozenset({Status.SEND_ERROR})

# Hands messages over, and takes none more before AT+CNMA.
WANTS_CONFIRMATION = Profile(
    csms_default=1,
    answers={"+CSMS=0": ()},
    ack_timeout_s=0.5,
    cnmi_advertised=((0, 1), (0, 2), (0,), (0,), (0, 1)),
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("transaction", AT_START + ON_THE_WAY + SELDOM_ON_THE_WAY)
async def test_a_kill_at_a_commit_loses_nothing_and_doubles_nothing(
    tmp_path: Path, transaction: str, when: str
) -> None:
    rules = [Rule(recipient=BARRED, error="+CMS ERROR: 1")]
    # Where no report comes between two messages, a result shares its commit with the next claim.
    async with VirtualModems(tmp_path, 2, rules=rules, report_delay=(4.0, 4.0)) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        nth = 3 if transaction in ON_THE_WAY else 1
        async with daemon(tmp_path, virtual.paths, transaction=transaction, nth=nth, when=when) as victim:
            assert (victim.port is None) == (transaction in AT_START)
            for number, text in enumerate(INCOMING):
                virtual.incoming(number % 2, SENDER, text)
            if victim.port is not None:
                await post_all(client, victim)
            assert await victim.ends() == -9
        async with daemon(tmp_path, virtual.paths, doubt_s=DOUBT_S) as heir:
            if transaction in AT_START:
                await post_all(client, heir)
            messages = await client.settled_messages(heir, is_sent_or_failed)

            async def all_kept() -> bool:
                return len(incoming_texts(tmp_path)) >= len(INCOMING)

            await until(all_kept, "every incoming message stored")

    sent = Counter(message.text for message in virtual.network.messages)
    assert max(sent.values()) == 1, "a message was sent twice"
    assert set(client.promised) <= {message["id"] for message in messages}, "a promised message is gone"
    for message in messages:
        if message["status"] == 3:
            assert message["error"]["reason"] in ("outcome_unknown", "refused")
            assert message["phone_number"] == BARRED or message["error"]["reason"] == "outcome_unknown"
        else:
            assert sent[message["message"]] == 1
    assert sorted(incoming_texts(tmp_path)) == INCOMING, "an incoming message is lost or doubled"


async def post_all(client: Client, process: Process) -> None:
    await client.post(process, [*SHORT, LONG])
    await client.post(process, ["refused"], BARRED)


def is_sent_or_failed(message: dict[str, Any]) -> bool:
    return bool(message["status"] >= Status.SENT)


# What only goes wrong brings about: what happens to the modem, or the daemon, when a stage is reached for the second
# time, which is with the first part of the long message.
Mishap = Callable[[VirtualModems, Process], None]
MISHAPS: list[tuple[str, Stage, Mishap, Ending]] = [
    (
        "unknown",
        Stage.SENT,
        lambda virtual, victim: virtual.modems[0].fault("reboot_mid_send"),
        Ending(struck=LONG, statuses=UNKNOWN, taken=False),
    ),
    (
        "not_sent",
        Stage.SENT,
        lambda virtual, victim: virtual.modems[0].fault("interject", lines=["RDY"]),  # in place of the next prompt
        Ending(),
    ),
    (
        "give_back",
        Stage.CTRL_Z,
        lambda virtual, victim: victim.terminate(),
        # The report of the part that was finished may have been read and not been put down.
        Ending(struck=LONG, statuses=frozenset({Status.SENT, Status.DELIVERED})),
    ),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("transaction", "stage", "mishap", "ending"), MISHAPS, ids=[row[0] for row in MISHAPS])
async def test_a_kill_at_a_commit_that_follows_a_mishap(
    tmp_path: Path, transaction: str, stage: Stage, mishap: Mishap, ending: Ending, when: str
) -> None:
    at_stage = AtStage(stage, 2, lambda modem: mishap(virtual, victim))
    rules = [Rule(nth=2, network_time=0.3)]
    async with VirtualModems(tmp_path, rules=rules, observer=at_stage) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with busy_daemon(virtual, client, transaction=transaction, nth=1, when=when) as victim:
            assert await victim.ends() == -9
        assert at_stage.is_reached
        await judge(virtual, client, ending)


# What settles a doubt that an earlier kill has left: the stage of that, for which part it comes, and the SIM's record;
# where there is one, it proves all that has not left.
DOUBTS = [
    ("_recover", Stage.PROMPT, 3, Smss.FOLLOWS, Ending()),
    ("sim_remembers", Stage.PROMPT, 3, Smss.FOLLOWS, Ending()),
    ("record_learned", Stage.PROMPT, 1, Smss.FOLLOWS, Ending()),
    ("answered_late", Stage.TAKEN, 3, Smss.FOLLOWS, Ending()),
    ("_sweep", Stage.PROMPT, 1, Smss.MISSING, Ending(struck=MESSAGES[0], statuses=UNKNOWN, taken=False)),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("transaction", "stage", "nth", "record", "ending"), DOUBTS, ids=[row[0] for row in DOUBTS])
async def test_a_second_kill_at_the_commit_that_settles_what_the_first_left_in_doubt(
    tmp_path: Path, transaction: str, stage: Stage, nth: int, record: Smss, ending: Ending, when: str
) -> None:
    def strike(modem: int) -> None:
        first.kill()
        virtual.lose_input(modem)

    profile = Profile(smss=record)
    async with VirtualModems(tmp_path, profile=profile, observer=AtStage(stage, nth, strike)) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with busy_daemon(virtual, client) as first:
            assert await first.ends() == -9
        options = {"transaction": transaction, "nth": 1, "when": when}
        async with daemon(tmp_path, virtual.paths, doubt_s=DOUBT_S, **options) as second:
            assert await second.ends() == -9
        await judge(virtual, client, ending)


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("_submit_once", "/sms/send", {"message": "once", "phone_number": NUMBER}),
    (
        "_submit_batch_once",
        "/sms/send/batch",
        {"messages": [{"message": text, "phone_number": NUMBER} for text in MESSAGES]},
    ),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("transaction", "path", "body"), REQUESTS, ids=[row[0] for row in REQUESTS])
async def test_a_request_that_is_repeated_after_a_kill_counts_once(
    tmp_path: Path, transaction: str, path: str, body: dict[str, Any], when: str
) -> None:
    async with VirtualModems(tmp_path) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with daemon(tmp_path, virtual.paths, transaction=transaction, nth=1, when=when) as victim:
            assert await client.ask(victim, path, body, key="one") is None
            assert await victim.ends() == -9
        async with daemon(tmp_path, virtual.paths) as heir:
            answer = await client.ask(heir, path, body, key="one")
            assert await client.ask(heir, path, body, key="one") == answer
            messages = await client.settled_messages(heir, Ending().allows)
    wanted = [one["message"] for one in body.get("messages", [body])]
    assert [one["id"] for one in answer.get("results", [answer])] == [message["id"] for message in messages]
    assert [message["message"] for message in messages] == wanted
    assert [message.text for message in virtual.network.messages] == wanted


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_message_that_was_not_confirmed_to_the_network_outlives_a_kill(tmp_path: Path, when: str) -> None:
    """A modem that waits in vain for the confirmation takes nothing more, and in the end announces nothing more."""
    async with VirtualModems(tmp_path, profile=WANTS_CONFIRMATION) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with daemon(tmp_path, virtual.paths, transaction="hand_over", nth=3, when=when) as victim:
            await client.post(victim, MESSAGES)
            await client.settled_messages(victim, Ending(reports=False).allows)
            for text in INCOMING:
                virtual.incoming(0, SENDER, text)
            assert await victim.ends() == -9
        await judge(virtual, client, Ending(reports=False))


async def test_a_report_that_came_during_a_send_outlives_a_kill(tmp_path: Path) -> None:
    slow = "79990000002"
    rules = [Rule(recipient=NUMBER, report_delay=0.5), Rule(recipient=slow, network_time=30.0)]
    async with VirtualModems(tmp_path, rules=rules) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with daemon(tmp_path, virtual.paths) as victim:
            await client.post(victim, ["reported"])
            await client.post(victim, ["on the wire"], slow)

            async def handed_over() -> bool:
                return bool(rows(tmp_path, "SELECT pdu FROM handed_over"))

            await until(handed_over, "the report kept")
            victim.kill()
        assert rows(tmp_path, "SELECT status FROM messages WHERE text = 'reported'") == [2]
        virtual.fault(0, "reboot", down_s=0.1)
        async with daemon(tmp_path, virtual.paths):

            async def delivered() -> bool:
                return rows(tmp_path, "SELECT status FROM messages WHERE text = 'reported'") == [4]

            async def put_away() -> bool:
                return rows(tmp_path, "SELECT pdu FROM handed_over") == []

            await until(delivered, "the report applied")
            await until(put_away, "the report put away")
