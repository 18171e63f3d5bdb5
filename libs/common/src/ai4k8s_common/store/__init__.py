"""One Postgres; every table has one owner, the only service that writes it."""
