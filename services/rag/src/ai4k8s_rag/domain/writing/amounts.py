"""Amounts and times as people write them: 2GB, half a core, every weekday at 8am."""

from __future__ import annotations

import re

from ai4k8s_rag.domain.cron import cron_fault
from ai4k8s_rag.domain.writing.lexicon import NUMBERS

NUMBER = r"(?:\d+|" + "|".join(NUMBERS) + ")"
MEMORY = r"(\d+(?:\.\d+)?)\s*(Ki|Mi|Gi|Ti|[kKmMgGtT]i?[bB]|[MGTmgt]|(?:mega|giga|tera|kilo)bytes?|gigs?|megs?)(?![a-z])"
CPU = r"(\d+(?:\.\d+)?\s*m(?:illi(?:cores?|cpus?)?)?(?![a-z])|\d+(?:\.\d+)?|half an?|a quarter of an?|one|two|three|four|an?)"
_DAYS = {
    "sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
}  # fmt: skip
_TIME = re.compile(r"\bat\s+(?:(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?\b|(midnight|noon))", re.IGNORECASE)


def number(text: str) -> int:
    """Return a number written in digits or as a word."""
    return int(text) if text.isdigit() else NUMBERS[text.lower()]


def memory(amount: str, unit: str) -> str:
    """Return '2', 'GB' as 2Gi: people who say GB of memory mean what the kernel counts."""
    letter = unit[0].upper()
    if "." in amount:
        whole, scale = float(amount), {"K": "", "M": "Ki", "G": "Mi", "T": "Gi"}[letter]
        return f"{round(whole * 1024)}{scale}" if not whole.is_integer() else f"{int(whole)}{letter}i"
    return f"{int(amount)}{letter}i"


def cpu(text: str) -> str:
    """Return '500 millicores' as 500m, 'half a' as 500m, '0.5' as 500m, '2' as 2."""
    low = " ".join(text.lower().split())
    words = {"half a": "500m", "half an": "500m", "a quarter of a": "250m", "a": "1", "an": "1", "one": "1", "two": "2"}
    words |= {"three": "3", "four": "4"}
    if low in words:
        return words[low]
    digits = re.match(r"\d+(?:\.\d+)?", low)
    value = digits[0] if digits else "1"
    if "m" in low:
        return f"{value}m"
    return value if "." not in value else f"{round(float(value) * 1000)}m"


def schedule(text: str) -> tuple[str, str] | None:
    """Return a schedule in cron's form and a remark on what was assumed; None when none is named."""
    words = [word.strip(",;.'\"`()") for word in text.split()]
    for start in range(len(words) - 4):
        five = " ".join(words[start : start + 5])
        if words[start][:1] in "0123456789*" and not cron_fault(five):
            return five, ""
    word = re.search(r"@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)\b", text)
    if word is not None:
        return word[0], ""
    return _in_words(text.lower())


def _in_words(text: str) -> tuple[str, str] | None:
    every = re.search(rf"every\s+({NUMBER})?\s*(minute|min|hour|day|week|month)s?\b", text)
    if every is not None and every[1] and every[2] in {"minute", "min", "hour"}:
        count = number(every[1])
        if every[2] == "hour":
            return (f"0 */{count} * * *" if count > 1 else "0 * * * *"), ""
        return (f"*/{count} * * * *" if count > 1 else "* * * * *"), ""
    minute, hour, said = _time(text)
    remark = "" if said else f"no time of day given: {hour:02}:{minute:02} UTC"
    day = re.search(r"\b(?:every|each|on)?\s*(" + "|".join(_DAYS) + r")s?\b", text)
    if day is not None:
        return f"{minute} {hour} * * {_DAYS[day[1]]}", remark
    if re.search(r"\bweekdays?\b|\bworking days?\b|monday to friday", text):
        return f"{minute} {hour} * * 1-5", remark
    if re.search(r"\bweekends?\b", text):
        return f"{minute} {hour} * * 0,6", remark
    if re.search(r"\bmonthly\b|every month|first (?:day )?of (?:the|every|each) month", text):
        return f"{minute} {hour} 1 * *", remark
    if re.search(r"\bweekly\b|every week", text):
        return f"{minute} {hour} * * 0", remark
    if re.search(r"\bhourly\b|every hour", text):
        return "0 * * * *", ""
    if re.search(r"every minute", text):
        return "* * * * *", ""
    if re.search(r"\bdaily\b|every day|each day|once a day|\bnightly\b|every night|every morning|every evening", text):
        return f"{minute} {hour} * * *", remark
    return (f"{minute} {hour} * * *", "no days given: every day") if said and _TIME.search(text) else None


def _time(text: str) -> tuple[int, int, bool]:
    found = _TIME.search(text)
    if found is not None and found[4]:
        return 0, 0 if found[4].lower() == "midnight" else 12, True
    if found is not None and int(found[1]) < 24:
        hour, minute = int(found[1]), int(found[2] or 0)
        if found[3]:
            hour = hour % 12 + (12 if found[3].lower() == "pm" else 0)
        return min(minute, 59), hour, True
    if "morning" in text:
        return 0, 6, False
    if "evening" in text:
        return 0, 18, False
    return 0, 2, False
