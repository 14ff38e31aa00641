"""Mandarin text as matching sees it: normal form, words, syllables."""
