"""What is true in the lab's cloud: plain mutable records, how a healthy cloud is built of them, and its traps."""
