"""Creates the untrained parts of nano, which have the released models' architecture in small."""

from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageResidualBlock
from torch import nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

LATENT_CHANNELS = 16
TEXT_WIDTH = 128


def vae() -> AutoencoderKLQwenImage:
    """A VAE for RGBA with 8 px per latent and 2.6 M parameters.

    PyTorch's own initial weights do not learn colour here, so every convolution starts with unit gain over its last
    temporal tap, and every residual branch near zero.
    """
    model = AutoencoderKLQwenImage(
        base_dim=16,
        z_dim=LATENT_CHANNELS,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        input_channels=4,
        latents_mean=[0.0] * LATENT_CHANNELS,
        latents_std=[1.0] * LATENT_CHANNELS,
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            fan_in = module.weight.shape[1] * module.weight.shape[-1] * module.weight.shape[-2]
            nn.init.normal_(module.weight, 0, fan_in**-0.5)
            nn.init.zeros_(module.bias)
    for module in model.modules():
        if isinstance(module, QwenImageResidualBlock):
            nn.init.normal_(module.conv2.weight, 0, 1e-3)
    return model


def text_encoder(tokenizer: Qwen2Tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    """A vision-language model that reads captions and small pictures, 0.8 M parameters."""

    def token(text: str) -> int:
        return tokenizer.convert_tokens_to_ids(text)

    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "hidden_size": TEXT_WIDTH,
            "intermediate_size": 2 * TEXT_WIDTH,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
            "tie_word_embeddings": True,
            "bos_token_id": token("<|endoftext|>"),
            "eos_token_id": token("<|im_end|>"),
            "pad_token_id": token("<|endoftext|>"),
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_heads": 4,
            "out_hidden_size": TEXT_WIDTH,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def transformer(is_layered: bool) -> QwenImageTransformer2DModel:
    """A transformer of 6 double-stream blocks, 6 heads of 32 channels, 8.2 M parameters; the output starts at zero."""
    model = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=4 * LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        num_layers=6,
        attention_head_dim=32,
        num_attention_heads=6,
        joint_attention_dim=TEXT_WIDTH,
        axes_dims_rope=(8, 12, 12),
        use_additional_t_cond=is_layered,
        use_layer3d_rope=is_layered,
    )
    zeroed = [model.norm_out.linear, model.proj_out]
    for block in model.transformer_blocks:
        zeroed += [block.img_mod[1], block.txt_mod[1]]
    for module in zeroed:
        nn.init.zeros_(module.weight)
        nn.init.zeros_(module.bias)
    nn.init.normal_(model.time_text_embed.timestep_embedder.linear_1.weight, 0, 0.02)
    return model


def scheduler(is_layered: bool) -> FlowMatchEulerDiscreteScheduler:
    """A scheduler with the released models' values (Qwen/Qwen-Image and Qwen/Qwen-Image-Layered,
    scheduler_config.json).
    """
    return FlowMatchEulerDiscreteScheduler(
        base_image_seq_len=256,
        max_image_seq_len=8192,
        base_shift=0.5,
        max_shift=0.9,
        use_dynamic_shifting=True,
        time_shift_type="linear" if is_layered else "exponential",
        shift_terminal=None if is_layered else 0.02,
    )


def parameters_of(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
