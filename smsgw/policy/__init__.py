"""The decisions: what follows a refusal, when a SIM may send, whose turn, whose report, when somebody is told again.

Pure: facts in, decision out. Knows no clock, no chance and no storage; whoever needs jitter brings the dice.
"""

from smsgw.policy.addresses import is_private, wrong_with_url
from smsgw.policy.balance import read_balance
from smsgw.policy.deliveries import GIVE_UP_AFTER_MS, endpoint_pause_s, retry_s
from smsgw.policy.joining import PATIENCE_MS, Gathering, Received, compose, is_spare, place_for, read_tpdu, unread_tpdu
from smsgw.policy.limits import month
from smsgw.policy.matching import EARLY_REPORT_MS, REPORT_WINDOW_MS, match_report, match_unanswered, same_number
from smsgw.policy.news import Condition, Use, condition, is_news
from smsgw.policy.refusals import (
    OTHER_SIM_FOR_S,
    Decision,
    Next,
    Rest,
    after_refusal,
    backoff_s,
    blames_sim,
    hold_s,
    rest_after,
)
from smsgw.policy.signatures import KEY_OCTETS, secret_of, sign
from smsgw.policy.slots import Demand, Turns, next_slot
from smsgw.policy.statuses import roll_up
from smsgw.policy.turns import next_in_turn

__all__ = [
    "EARLY_REPORT_MS",
    "GIVE_UP_AFTER_MS",
    "KEY_OCTETS",
    "OTHER_SIM_FOR_S",
    "PATIENCE_MS",
    "REPORT_WINDOW_MS",
    "Condition",
    "Decision",
    "Demand",
    "Gathering",
    "Next",
    "Received",
    "Rest",
    "Turns",
    "Use",
    "after_refusal",
    "backoff_s",
    "blames_sim",
    "compose",
    "condition",
    "endpoint_pause_s",
    "hold_s",
    "is_news",
    "is_private",
    "is_spare",
    "match_report",
    "match_unanswered",
    "month",
    "next_in_turn",
    "next_slot",
    "place_for",
    "read_balance",
    "read_tpdu",
    "rest_after",
    "retry_s",
    "roll_up",
    "same_number",
    "secret_of",
    "sign",
    "unread_tpdu",
    "wrong_with_url",
]
