"""Tests of backbone."""
