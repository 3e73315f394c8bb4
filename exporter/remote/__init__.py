"""What runs on the other side: the frame of the collector, in POSIX sh."""
