"""Tests of services.exporter."""
