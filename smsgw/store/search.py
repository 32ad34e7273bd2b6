"""The search indexes: which rows of a table contain a run of characters, in any script, whatever their case.

Texts are folded before they are stored and before they are looked for, so that both sides agree. Runs of three and
more characters are found through trigrams, shorter ones through the one- and two-character runs of each message; both
are looked up, never scanned. The indexes keep no text, so a row is taken out with the values it was put in with.
"""

import unicodedata
from functools import lru_cache, partial

from smsgw.store.blocks import Selection
from smsgw.store.db import Tx

# What the tables of an index begin with.
MESSAGES, INBOUND = "message", "inbound"


def fold(text: str) -> str:
    """Make spellings of one text equal: case, composed and decomposed letters; NUL, which ends SQL text, goes."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).replace("\0", "")


def add(tx: Tx, row: int, text: str, phone_number: str, index: str = MESSAGES) -> None:
    """Index a message that was just inserted, with the end of the transaction."""
    # The index writes all that it has been given out at each savepoint: at the end it does so once for many messages.
    tx.last.append(partial(_add, row=row, text=text, phone_number=phone_number, index=index))


def remove(tx: Tx, row: int, text: str, phone_number: str, index: str = MESSAGES) -> None:
    """Take a message out of the index, with the end of the transaction; the values must be those it was added with."""
    tx.last.append(partial(_remove, row=row, text=text, phone_number=phone_number, index=index))


def _add(tx: Tx, row: int, text: str, phone_number: str, index: str) -> None:
    folded = fold(text)
    tx.change(f"INSERT INTO {index}_trigrams (rowid, text, phone_number) VALUES (?, ?, ?)", (row, folded, phone_number))
    runs = _short_runs(folded, phone_number)
    tx.change(f"INSERT INTO {index}_short_runs (rowid, runs) VALUES (?, ?)", (row, runs))


def _remove(tx: Tx, row: int, text: str, phone_number: str, index: str) -> None:
    folded = fold(text)
    tx.change(
        f"INSERT INTO {index}_trigrams ({index}_trigrams, rowid, text, phone_number) VALUES ('delete', ?, ?, ?)",
        (row, folded, phone_number),
    )
    tx.change(
        f"INSERT INTO {index}_short_runs ({index}_short_runs, rowid, runs) VALUES ('delete', ?, ?)",
        (row, _short_runs(folded, phone_number)),
    )


def found(wanted: str, index: str = MESSAGES) -> Selection:
    """Return the rows of the messages that contain `wanted` (folded, not empty)."""
    if len(wanted) < 3:
        return Selection(sql=_matching(f"{index}_short_runs"), wanted=_run_word(wanted))
    return Selection(sql=_matching(f"{index}_trigrams"), wanted=_quoted(wanted), leaps=True)


def _matching(table: str) -> str:
    return f"SELECT rowid FROM {table} WHERE {table} MATCH :wanted AND rowid BETWEEN {{first}} AND {{last}}"


def _quoted(wanted: str) -> str:
    return '"' + wanted.replace('"', '""') + '"'


def _short_runs(folded: str, phone_number: str) -> str:
    runs = {field[i : i + n] for field in (folded, phone_number) for n in (1, 2) for i in range(len(field) - n + 1)}
    return " ".join(sorted(map(_run_word, runs)))


@lru_cache(maxsize=4_096)
def _run_word(run: str) -> str:
    # The tokenizer takes letters and digits only, and a run may be anything.
    return "x" + "x".join(f"{ord(character):x}" for character in run)
