"""Leads: somebody who may become a customer of what is sold. The value, what may be kept of it, and its store.

What agents do with leads is in `core/lead_desk.py`, what time does to them in `core/lead_watch.py`.
"""
