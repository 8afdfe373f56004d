"""Tests of dashboard_api."""
