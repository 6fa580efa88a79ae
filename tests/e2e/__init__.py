"""Journeys through a real browser, and what they need: a served demo company and Chromium."""
