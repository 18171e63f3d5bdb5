"""What the advisor's tasks are wired with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_advisor.calibrating import Calibrator
from ai4k8s_advisor.settings import AdvisorSettings
from ai4k8s_common.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ai4k8s_advisor.adapters.asking import Asker
    from ai4k8s_advisor.adapters.cache import AnswerCache


@dataclass(frozen=True)
class Context:
    """Wiring of one process. Without an `asker` everything is done by rules, and that is said."""

    cache: AnswerCache
    asker: Asker | None = None
    settings: AdvisorSettings = field(default_factory=AdvisorSettings)
    calibrator: Calibrator = field(default_factory=Calibrator)
    clock: Callable[[], datetime] = utc_now
