"""Dead letters that an administrator decided about: sent again as a new message, or forgotten.

The verdict is a wish and the gateway's; the dead letter belongs to the service that gave it up, whose relay carries the
verdict out. So it works for a service that is down at the moment, once it is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import and_, select

from ai4k8s_common.store.base import FRAME
from ai4k8s_common.store.gateway import Verdict, dead_letter_verdicts

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Bus

BATCH = 50

log = structlog.stdlib.get_logger(__name__)


def carry_out_verdicts(bus: Bus) -> int:
    """Settle what was decided about this service's dead letters. Returns how many."""
    letters = FRAME[bus.service].dead_letters
    v = dead_letter_verdicts
    decided = (
        select(letters, v.c.verdict)
        .join(v, and_(v.c.service == bus.service.value, v.c.dead_letter_id == letters.c.id))
        .limit(BATCH)
        .with_for_update(of=letters, skip_locked=True)
    )
    with bus.transaction() as tx:
        rows = tx.connection.execute(decided).all()
        for row in rows:
            if row.verdict == Verdict.RETRY.value:
                # A new message: the old one is done for its consumer's inbox, and its attempts are used up.
                tx.send_raw(row.contract, row.queue, row.payload)
            log.info("dead_letter_settled", dead_letter=row.id, contract=row.contract, verdict=row.verdict)
        if rows:
            tx.connection.execute(letters.delete().where(letters.c.id.in_([row.id for row in rows])))
    return len(rows)
