"""kill -9 around every transaction: what was answered with 200 is never lost, and nothing is doubled silently."""

from collections import Counter
from pathlib import Path

import pytest
from crash_world import Client, daemon, incoming_texts, make_token, rows

from simmodem import Rule, VirtualModems
from world import until

AT_START = ("_register", "_recover")
ON_THE_WAY = ("_submit_once", "_claim", "_submitting", "_accepted", "_received", "keep_inbound")
SELDOM_ON_THE_WAY = ("_refused", "learn_record")
BARRED = "79990000001"
OPEN = "79991234567"
MESSAGES = [(f"message {n}", OPEN) for n in range(6)] + [("длинное " * 30, OPEN), ("refused", BARRED)]
INCOMING = [f"incoming {n}" for n in range(6)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("transaction", AT_START + ON_THE_WAY + SELDOM_ON_THE_WAY)
async def test_a_kill_at_a_commit_loses_nothing_and_doubles_nothing(
    tmp_path: Path, transaction: str, when: str
) -> None:
    rules = [Rule(recipient=BARRED, error="+CMS ERROR: 1")]
    async with VirtualModems(tmp_path, 2, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        nth = 3 if transaction in ON_THE_WAY else 1
        async with daemon(tmp_path, virtual.paths, transaction=transaction, nth=nth, when=when) as victim:
            assert (victim.port is None) == (transaction in AT_START)
            for number, text in enumerate(INCOMING):
                virtual.incoming(number % 2, "+79990000000", text)
            if victim.port is not None:
                await client.post(victim, MESSAGES)
            assert await victim.ends() == -9
        async with daemon(tmp_path, virtual.paths) as heir:
            if transaction in AT_START:
                await client.post(heir, MESSAGES)
            messages = await client.settled_messages(heir)

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


async def test_a_report_that_came_during_a_send_outlives_a_kill(tmp_path: Path) -> None:
    slow = "79990000002"
    rules = [Rule(recipient=OPEN, report_delay=0.5), Rule(recipient=slow, network_time=30.0)]
    async with VirtualModems(tmp_path, 1, network_time=(0.0, 0.0), rules=rules) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with daemon(tmp_path, virtual.paths) as victim:
            await client.post(victim, [("reported", OPEN), ("on the wire", slow)])

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
