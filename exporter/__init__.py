"""Prometheus exporter for the ten network issues that break Apache CloudStack clouds."""
