"""What tests share: made-up facts, clocks, running services."""
