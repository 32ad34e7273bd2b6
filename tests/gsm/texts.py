"""Texts as hypothesis draws them: what a handset types, what the alphabets hold, and anything Unicode has."""

from hypothesis import strategies as st

from smsgw.gsm.alphabet import DEFAULT, EXTENSION

GSM_CHARACTERS = sorted((set(DEFAULT) | set(EXTENSION.values())) - {"\x1b"})
EMOJI = ["😀", "👨‍👩‍👧‍👦", "🇷🇺", "👍🏽", "é", "❤️"]

gsm_texts = st.text(st.sampled_from(GSM_CHARACTERS), max_size=700)
unicode_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
mixed_texts = st.lists(st.sampled_from([*GSM_CHARACTERS, *"Привет", *EMOJI]), max_size=300).map("".join)
texts = st.one_of(gsm_texts, unicode_texts, mixed_texts)
