"""Messages between services: Celery over Redis, made safe by an outbox and an inbox in Postgres.

A message is accepted when its outbox row is committed, and done when its inbox row is. Between the two it may be
lost, doubled or delayed by the broker without anybody noticing.
"""
