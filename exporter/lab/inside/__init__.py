"""What is inside the lab's machines: the files below their roots and what their tools print, from the world."""
