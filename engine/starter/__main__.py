"""`python -m engine.starter`: render, train, ship and evaluate the starter."""

from engine.starter.cli import app

app()
