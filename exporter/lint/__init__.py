"""Template images: how they are opened without mounting them, and the rules that tell what breaks guests."""
