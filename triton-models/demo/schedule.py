"""How the small model's latents are noised: Stable Diffusion's schedule, down to nothing but noise.

Without that last part a picture's mean, its light, shines through the noise of the last timestep, and a drawing that
starts from pure noise comes out in middle tones whatever its prompt says (Lin et al. 2023, "Common diffusion noise
schedules and sample steps are flawed").
"""

from typing import Final

from quartet_pipeline.schedulers import NoiseSchedule

SCHEDULE: Final = NoiseSchedule(
    train_timesteps=1000,
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    prediction_type="v_prediction",
    timestep_spacing="trailing",
    rescale_betas_zero_snr=True,
)
