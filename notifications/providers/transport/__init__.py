"""How providers reach their servers: waits that end, requests that tell if they were written, what answers mean."""
