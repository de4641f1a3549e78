"""Frequently asked questions with their answers, as the company words them."""
