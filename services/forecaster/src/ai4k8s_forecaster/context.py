"""What a forecaster process keeps between messages: copies of what the store says, to be dropped at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ai4k8s_forecaster.domain.methods import methods
from ai4k8s_forecaster.history import HistoryCache
from ai4k8s_forecaster.measures import MeasureCache
from ai4k8s_forecaster.models import ModelCache
from ai4k8s_forecaster.paths import PathCache
from ai4k8s_forecaster.watching import WatchedClusters

if TYPE_CHECKING:
    from ai4k8s_forecaster.settings import ForecasterSettings


@dataclass
class Context:
    """Settings and caches of one process."""

    settings: ForecasterSettings
    history: HistoryCache = field(default_factory=HistoryCache)
    models: ModelCache = field(default_factory=ModelCache)
    watched: WatchedClusters = field(default_factory=WatchedClusters)
    paths: PathCache = field(init=False)
    measures: MeasureCache = field(default_factory=MeasureCache)

    def __post_init__(self) -> None:
        self.paths = PathCache(methods(self.settings.method_names))
