"""How fast Stable Diffusion 1.5 draws on this card, beside what the card can do at most. Random weights: speed only."""
