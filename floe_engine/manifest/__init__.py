"""What the platform team writes: manifest.yaml, its meaning and its mistakes."""
