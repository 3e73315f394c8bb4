"""The page: bytes of /metrics, ready before they are asked for."""

from exporter.page.page import PAGE_METRICS, Page, PageStatistics
from exporter.page.rendering import printable

__all__ = ["PAGE_METRICS", "Page", "PageStatistics", "printable"]
