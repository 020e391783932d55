"""Models of every kind that the profile can name, of a few thousand weights drawn by chance, made on the spot."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.profile_models import ModelPart

SPECIAL = ("<pad>", "<s>", "</s>", "<image>")
SEEN = 28
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endif %}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
TEXTS = ["a person walks across the street while a red car stops", json.dumps({"letter": "A", "count": 3})]


def held(folder: Path, **facts: Any) -> ModelPart:
    """A model of the profile whose weights lie in the folder."""
    usual: dict[str, Any] = {"name": "tiny", "revision": "1", "batch": 4}
    return ModelPart(kind="transformers", folder=str(folder), **(usual | facts))


def tokenizer(special: Sequence[str] = SPECIAL, template: str = TEMPLATE, **facts: Any) -> Any:
    """A byte-level tokenizer of 400 tokens; the first three special ones pad, begin and end."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    how = trainers.BpeTrainer(
        vocab_size=400, special_tokens=list(special), initial_alphabet=letters, show_progress=False
    )
    made.train_from_iterator(TEXTS * 20, how)
    pad, begin, end, *others = special
    facts = {"pad_token": pad, "bos_token": begin, "eos_token": end, "chat_template": template} | facts
    return PreTrainedTokenizerFast(tokenizer_object=made, additional_special_tokens=others, **facts)


def llama(words: int, **facts: Any) -> dict[str, Any]:
    """The settings of a tiny Llama."""
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return size | ends | {"vocab_size": words, "num_key_value_heads": 2, "max_position_embeddings": 2048} | facts


def writer(folder: Path, **facts: Any) -> Path:
    """A text model."""
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer()
    return _saved(folder, lambda: LlamaForCausalLM(LlamaConfig(**llama(len(words), **facts))), words)


def seer(folder: Path) -> Path:
    """A vision-language model of the make of LLaVA."""
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    words = tokenizer(extra_special_tokens={"image_token": "<image>"})
    eyes = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=SEEN, patch_size=14
    )
    config = LlavaConfig(
        vision_config=eyes,
        text_config=LlamaConfig(**llama(len(words))),
        image_token_id=3,
        image_token_index=3,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
    )
    processor = LlavaProcessor(
        image_processor=_clip_pictures(),
        tokenizer=words,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    return _saved(folder, lambda: LlavaForConditionalGeneration(config), processor)


TINY_EYES = {
    "depth": 1, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 32, "window_size": 56,
    "fullatt_block_indexes": [0],
}  # fmt: skip


def newer_seer(  # noqa: PLR0917  measures of a model
    folder: Path,
    text: Mapping[str, Any] | None = None,
    eyes: Mapping[str, Any] | None = None,
    longest: int = 56,
    device: str = "cpu",
    dtype: str = "float32",
) -> Path:
    """A vision-language model of the make of Qwen2.5-VL, whose own processor would want torchvision, for videos.

    Tiny, unless ``text`` and ``eyes`` give other measures. Pictures are seen at ``longest`` x ``longest`` pixels.
    """
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    marks = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    seen = "<|vision_start|><|image_pad|><|vision_end|>"
    words = tokenizer((*SPECIAL[:3], *marks), TEMPLATE.replace("<image>", seen))
    ids = {mark: words.convert_tokens_to_ids(mark) for mark in marks}
    measures = llama(len(words)) | dict(text or {})
    eighth = measures["hidden_size"] // measures["num_attention_heads"] // 8
    turns = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2 * eighth, eighth, eighth]}
    patches = {"patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}
    config = Qwen2_5_VLConfig(
        text_config=measures | {"rope_parameters": turns, "tie_word_embeddings": True},
        vision_config=patches | dict(eyes or TINY_EYES),
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    pictures = Qwen2VLImageProcessorPil(
        patch_size=14, temporal_patch_size=2, merge_size=2, size={"shortest_edge": SEEN**2, "longest_edge": longest**2}
    )

    def model() -> Any:
        import torch

        with torch.device(device):
            return Qwen2_5_VLForConditionalGeneration._from_config(config, dtype=getattr(torch, dtype))

    return _saved(folder, model, words, pictures)


def _clip_pictures() -> Any:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size={"shortest_edge": SEEN}, crop_size={"height": SEEN, "width": SEEN})


def _saved(folder: Path, model: Callable[[], Any], *parts: Any) -> Path:
    """The folder with a model and what belongs to it, as transformers saves them; the same weights every time."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model().save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)
    return folder


def sentences(folder: Path, pooling: str = "mean") -> Path:
    """A sentence encoder, laid out as sentence-transformers does."""
    from transformers import BertConfig, BertModel

    words = tokenizer()
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(words), max_position_embeddings=64, pad_token_id=0, **size)
    _saved(folder, lambda: BertModel(config), words)
    kinds = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"path": f"{n}_{kind}" if n else "", "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    flags = {f"pooling_mode_{name}": name.startswith(pooling) for name in ("mean_tokens", "cls_token", "max_tokens")}
    (folder / "1_Pooling/config.json").write_text(json.dumps(flags))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48}))
    return folder


EYES = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SEEN,
}


def likener(folder: Path) -> Path:
    """A model of texts and pictures in one space, of the make of CLIP."""
    from transformers import CLIPConfig, CLIPModel

    words = tokenizer()
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    text = EYES | ends | {"vocab_size": len(words), "max_position_embeddings": 32}
    config = CLIPConfig(text_config=text, vision_config=EYES | {"patch_size": 14}, projection_dim=8)
    return _saved(folder, lambda: CLIPModel(config), words, _clip_pictures())


def finder(folder: Path) -> Path:
    """An open-vocabulary detector, of the make of OWL-ViT."""
    from transformers import OwlViTConfig, OwlViTForObjectDetection, OwlViTProcessor
    from transformers.models.owlvit.image_processing_pil_owlvit import OwlViTImageProcessorPil

    words = tokenizer(model_max_length=16)
    text = EYES | {"vocab_size": len(words), "max_position_embeddings": 16, "pad_token_id": 0, "eos_token_id": 2}
    config = OwlViTConfig(text_config=text, vision_config=EYES | {"patch_size": 14}, projection_dim=16)
    pictures = OwlViTImageProcessorPil(size={"height": SEEN, "width": SEEN})
    return _saved(folder, lambda: OwlViTForObjectDetection(config), OwlViTProcessor(pictures, words))
