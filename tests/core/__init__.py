"""Tests of the domain, module by module."""
