"""Progressions that styles share: roman numerals, one a bar; two joined by a dash share a bar."""

from __future__ import annotations

from genmodels.training.corpus.styles.style import Progressions

POP: Progressions = {
    "major": ("I V vi IV", "vi IV I V", "I vi IV V", "IV I V vi", "I IV vi V", "I iii IV V"),
    "minor": ("i VI III VII", "i iv VI VII", "i VII VI VII", "VI VII i i", "i III VII VI", "i v VI iv"),
}
JAZZ: Progressions = {
    "major": (
        "ii7 V7 Imaj7 vi7",
        "Imaj7 vi7 ii7 V7",
        "iii7 vi7 ii7 V7",
        "Imaj7-vi7 ii7-V7 iii7-vi7 ii7-V7",
        "Imaj7 Imaj7 ii7 V7 Imaj7 IV7 iii7-vi7 ii7-V7",
    ),
    "minor": (
        "i7 iv7 iim7b5 V7",
        "iim7b5 V7 i7 i7",
        "i7 VImaj7 iim7b5 V7",
        "iv7 VII7 IIImaj7 VImaj7 iim7b5 V7 i6 i6",
    ),
}
SOUL: Progressions = {
    "major": ("Imaj7 vi7 ii7 V7", "IVmaj7 iii7 ii7 Imaj7", "Imaj7 iii7 vi7 IVmaj7", "ii7 iii7 IVmaj7 V7sus4"),
    "minor": ("i7 iv7 VImaj7 VII7", "VImaj7 VII7 i7 i7", "i7 v7 iv7 v7", "i9 VImaj7 iv7 v7"),
}
VAMP: Progressions = {
    "major": ("I7 I7 IV7 I7", "I9 I9 IV9 IV9", "I7 bVII IV I7", "I9 I9 I9 IV9-V9"),
    "minor": ("i7 i7 iv7 i7", "i7 i7 i7 VII", "i9 i9 iv9 iv9", "i7 IV7 i7 IV7"),
}
DARK: Progressions = {
    "minor": ("i i i i", "i i VI VI", "i i VII VII", "i i iv VI", "i VI i VII"),
    "major": ("I I I I", "I I IV IV", "I I vi vi"),
}
SLOW: Progressions = {
    "major": ("Iadd9 IVmaj7 Iadd9 IVmaj7", "Imaj7 Imaj7 vi7 vi7", "IVmaj7 Iadd9 vi7 V", "Isus2 V vi7 IVmaj7"),
    "minor": ("i VI i VI", "iadd9 VImaj7 III VII", "i9 i9 VImaj7 VImaj7", "VImaj7 VII i7 i7"),
}
FOLK: Progressions = {
    "major": ("I IV I V", "I I IV V", "I vi IV V", "I V I IV", "I V IV I", "I IV V I"),
    "minor": ("i VII VI V", "i iv i V", "i VII i VII", "i VI III VII", "i i VII i"),
}
BLUES_FORM: Progressions = {
    "major": (
        "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7",
        "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7-V7",
        "I7 IV7 I7 V7",
    ),
    "minor": ("i7 i7 i7 i7 iv7 iv7 i7 i7 VI7 V7 i7 V7", "i7 iv7 i7 V7"),
}
POWER: Progressions = {
    "major": ("I5 V5 vi IV5", "I5 IV5 V5 IV5", "I5 bVII5 IV5 I5", "I5 I5 IV5 V5"),
    "minor": ("i5 VI5 III5 VII5", "i5 VII5 VI5 VII5", "i5 i5 III5 IV5", "i5 iv5 VI5 VII5"),
}
METAL: Progressions = {
    "major": ("I5 bII5 I5 bVII5", "I5 IV5 I5 V5"),
    "minor": ("i5 i5 VI5 VII5", "i5 bII5 i5 VII5", "i5 i5 i5 bII5-v5", "i5 VI5 bII5 i5"),
}
CLASSICAL: Progressions = {
    "major": ("I IV V7 I", "I vi ii V7", "I V vi iii IV I ii V7", "I ii V7 I", "vi ii V7 I"),
    "minor": ("i iv V7 i", "i VI iv V7", "i VII VI V7", "i iv VII III VI iidim V7 i", "i V7 i V7"),
}
REGGAE: Progressions = {
    "major": ("I IV I V", "I V vi IV", "I I IV V", "I ii I ii"),
    "minor": ("i iv i iv", "i VII i VII", "i iv VII i", "i VI VII i"),
}
