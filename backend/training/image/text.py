"""The sketch's tokenizer and text encoder.

FLUX.2 Klein reads its prompt from layers 9, 18 and 27 of a Qwen3. The sketch is trained with four layers and read from
1, 2 and 3; `grown` spreads them over the 28 that the pipeline expects, between layers that add nothing.
"""

from string import ascii_lowercase

import torch
from torch import Tensor, nn
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

from . import words

WIDTH = 64
LONGEST = 20  # tokens; longer prompts are cut
END = "<|endoftext|>"
# lower case, and a space before the first word, so that it is the same token as later in a sentence
CHAT = "{% for message in messages %}{{ ' ' + (message['content'] | lower) }}{% endfor %}"
PLACES = {0: 0, 1: 9, 2: 18}  # trained layer → its place among the 28
LAYERS = 28


def new_tokenizer() -> Qwen2Tokenizer:
    """One token for each word that captions have; others fall apart into their longest known beginning and the rest.

    Byte pairs are merged from the left, from a word's start: every beginning of a known word is a token.
    """
    space = "Ġ"  # how byte-level BPE writes a space
    pieces, merges = [END, space, *ascii_lowercase, *"0123456789,.-'"], []
    for word in words.vocabulary():
        start = space
        for letter in word:
            if start + letter not in pieces:
                pieces.append(start + letter)
                merges.append((start, letter))
            start += letter
    tokenizer = Qwen2Tokenizer(vocab={piece: at for at, piece in enumerate(pieces)}, merges=merges)
    tokenizer.model_max_length = LONGEST
    tokenizer.chat_template = CHAT
    return tokenizer


def tokens(tokenizer: Qwen2Tokenizer, captions: list[str]) -> tuple[Tensor, Tensor]:
    """Identities and mask as FLUX.2 Klein's pipeline makes them: (B, LONGEST) twice."""
    prompts = [
        str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": caption}],
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,
            )
        )
        for caption in captions
    ]
    found = tokenizer(prompts, return_tensors="pt", padding="max_length", truncation=True, max_length=LONGEST)
    return found["input_ids"], found["attention_mask"]


class TextEncoder(nn.Module):
    """Tokens to what the transformer reads: (B, LONGEST, 3·WIDTH)."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.model = Qwen3ForCausalLM(_config(vocabulary, 4)).model
        self.model.layers[3].requires_grad_(False)  # behind the last one that is read
        self.model.norm.requires_grad_(False)

    def forward(self, identities: Tensor, mask: Tensor) -> Tensor:
        states = self.model(
            input_ids=identities, attention_mask=mask, output_hidden_states=True, use_cache=False
        ).hidden_states
        return torch.cat(states[1:4], dim=-1)


def grown(small: TextEncoder) -> Qwen3ForCausalLM:
    """The same reading from layers 9, 18 and 27."""
    vocabulary = small.model.config.vocab_size
    whole = Qwen3ForCausalLM(_config(vocabulary, LAYERS))
    with torch.no_grad():
        for layer in whole.model.layers:
            for value in layer.parameters():
                value.zero_()
    whole.model.embed_tokens.load_state_dict(small.model.embed_tokens.state_dict())
    for trained, place in PLACES.items():
        whole.model.layers[place].load_state_dict(small.model.layers[trained].state_dict())
    return whole


def _config(vocabulary: int, layers: int) -> Qwen3Config:
    return Qwen3Config(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        initializer_range=0.1,
    )
