"""Conversations and questions in the store, always of one person; answers are chat's and are read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from ai4k8s_common.store.chat import answers, conversations, questions, tool_modes
from ai4k8s_common.store.collector import nodes, workloads

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from sqlalchemy import Connection, Row, Select

SHOWN_CONVERSATIONS = 200
SHOWN_EXCHANGES = 500


def _counted(user_id: UUID, cluster_id: UUID) -> Select[Any]:
    asked = select(func.count()).where(questions.c.conversation_id == conversations.c.id).scalar_subquery()
    return select(conversations, asked.label("questions")).where(
        conversations.c.user_id == user_id, conversations.c.cluster_id == cluster_id
    )


def of_person(connection: Connection, user_id: UUID, cluster_id: UUID, search: str | None) -> list[Row[Any]]:
    """Return conversations, the latest first; of those that hold a text, if one is given."""
    query = _counted(user_id, cluster_id)
    if search:
        said = (
            select(questions.c.id)
            .outerjoin(answers, answers.c.question_id == questions.c.id)
            .where(
                questions.c.conversation_id == conversations.c.id,
                or_(
                    questions.c.text.icontains(search, autoescape=True),
                    answers.c.text.icontains(search, autoescape=True),
                ),
            )
        )
        query = query.where(or_(conversations.c.title.icontains(search, autoescape=True), exists(said)))
    return list(connection.execute(query.order_by(conversations.c.asked_at.desc()).limit(SHOWN_CONVERSATIONS)))


def one(connection: Connection, user_id: UUID, cluster_id: UUID, conversation_id: UUID) -> Row[Any] | None:
    """Return one conversation of a person's."""
    query = _counted(user_id, cluster_id).where(conversations.c.id == conversation_id)
    return connection.execute(query).one_or_none()


def exchanges(connection: Connection, conversation_id: UUID) -> list[Row[Any]]:
    """Return what was asked and answered, oldest first."""
    latest = (
        select(
            questions.c.id,
            questions.c.job_id,
            questions.c.text.label("question"),
            questions.c.asked_at,
            *(column for column in answers.c if column.name not in {"question_id", "conversation_id"}),
        )
        .outerjoin(answers, answers.c.question_id == questions.c.id)
        .where(questions.c.conversation_id == conversation_id)
        .order_by(questions.c.asked_at.desc())
        .limit(SHOWN_EXCHANGES)
    )
    return list(reversed(connection.execute(latest).all()))


def begin(connection: Connection, values: dict[str, Any]) -> UUID:
    """Add a conversation."""
    row = connection.execute(insert(conversations).values(values).returning(conversations.c.id))
    conversation_id: UUID = row.scalar_one()
    return conversation_id


def ask(connection: Connection, values: dict[str, Any]) -> None:
    """Add a question, and let its conversation come first."""
    connection.execute(insert(questions).values(values))
    connection.execute(
        update(conversations).where(conversations.c.id == values["conversation_id"]).values(asked_at=func.now())
    )


def rename(connection: Connection, conversation_id: UUID, title: str) -> None:
    """Give another title."""
    connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(title=title))


def remove(connection: Connection, conversation_id: UUID) -> None:
    """Delete a conversation with its questions."""
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))


def names(connection: Connection, cluster_id: UUID, part: str, limit: int) -> list[Row[Any]]:
    """Return observed workloads and nodes whose name holds a part; those that begin with it first."""
    of_workloads = select(workloads.c.kind, workloads.c.namespace, workloads.c.name).where(
        workloads.c.cluster_id == cluster_id,
        workloads.c.gone_at.is_(None),
        workloads.c.name.icontains(part, autoescape=True),
    )
    of_nodes = select(literal("Node").label("kind"), literal("").label("namespace"), nodes.c.name).where(
        nodes.c.cluster_id == cluster_id, nodes.c.gone_at.is_(None), nodes.c.name.icontains(part, autoescape=True)
    )
    both = of_workloads.union_all(of_nodes).subquery()
    begins = both.c.name.istartswith(part, autoescape=True)
    return list(connection.execute(select(both).order_by(begins.desc(), both.c.name).limit(limit)))


def namespaces(connection: Connection, cluster_id: UUID, part: str, limit: int) -> list[str]:
    """Return namespaces of observed workloads that begin with a part."""
    query = (
        select(workloads.c.namespace)
        .where(
            workloads.c.cluster_id == cluster_id,
            workloads.c.gone_at.is_(None),
            workloads.c.namespace.istartswith(part, autoescape=True),
        )
        .distinct()
    )
    return list(connection.execute(query.order_by(workloads.c.namespace).limit(limit)).scalars())


def modes(connection: Connection, cluster_id: UUID | None, user_id: UUID) -> list[Row[Any]]:
    """Return what is set for the installation, a cluster and a person."""
    m = tool_modes.c
    query = select(tool_modes).where(
        or_(m.cluster_id.is_(None), m.cluster_id == cluster_id), or_(m.user_id.is_(None), m.user_id == user_id)
    )
    return list(connection.execute(query))


def set_mode(connection: Connection, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Set the mode of a place."""
    statement = insert(tool_modes).values({**key, **values})
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["cluster_id", "user_id"], set_={**values, "updated_at": func.now()}
        )
    )
