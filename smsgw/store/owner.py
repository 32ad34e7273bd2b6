"""Whose files the database's are: root may run the commands, and the service must be able to open what they made."""

import os
from pathlib import Path


def hand_to_owner_of(model: Path, made: Path) -> None:
    """Give a file that root has made to whoever owns `model`; others own what they make anyway."""
    if os.geteuid() == 0:
        owner = model.stat()
        os.chown(made, owner.st_uid, owner.st_gid)
