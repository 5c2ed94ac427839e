"""What the MediaTailor stand-in knows beyond HTTP."""
