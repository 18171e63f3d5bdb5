"""What the price routes take and give."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class NewPrices(BaseModel):
    """What requests cost. Reserved capacity is paid for, so it is requests that are counted, not usage."""

    model_config = ConfigDict(extra="forbid")

    core_hour: float = Field(ge=0, le=1e6, description="of one CPU core for an hour", examples=[0.034])
    gib_hour: float = Field(ge=0, le=1e6, description="of one GiB of memory for an hour", examples=[0.0046])
    currency: str = Field(min_length=1, max_length=8, pattern=r"^[^\s<>&]+$", examples=["EUR"])


class PricesView(NewPrices):
    """Prices in force; `cluster_id` is null for those of the installation."""

    cluster_id: UUID | None
    updated_at: datetime


class NewPoolPrices(BaseModel):
    """What requests cost on some nodes of a cluster, in the currency of its prices."""

    model_config = ConfigDict(extra="forbid")

    pool: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9_./=-]*[A-Za-z0-9])?$",
        description="the name of a node pool, or a label: node.kubernetes.io/instance-type=... or"
        " topology.kubernetes.io/zone=...; a pool's name counts first, then the type, then the zone",
        examples=["spot"],
    )
    core_hour: float = Field(ge=0, le=1e6)
    gib_hour: float = Field(ge=0, le=1e6)


class PoolPricesView(NewPoolPrices):
    """Prices of some nodes."""

    cluster_id: UUID
    cluster_name: str
    nodes: int = Field(description="how many nodes these prices are of now")
    updated_at: datetime


class PriceList(BaseModel):
    """The installation's prices (null: not set) and those that clusters and their node pools have of their own."""

    installation: PricesView | None
    clusters: list[PricesView]
    pools: list[PoolPricesView]
    may_change_installation: bool


class CostView(BaseModel):
    """What a workload's requests cost by the hour."""

    currency: str = Field(examples=["EUR"])
    pod_hour: float = Field(description="of one pod")
    now_hour: float = Field(description="of the pods it should have now")
    wanted_hour: float | None = Field(description="of the pods that the scaler wants; null: not known")
