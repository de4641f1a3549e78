"""People: their records, how they are recognised over all channels, and how two records become one and two again."""
