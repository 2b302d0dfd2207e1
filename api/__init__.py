"""Easel over HTTP: the images API of OpenAI, and Easel's own jobs and pictures; knows neither Discord nor torch."""
