"""pix2pix by hand in bare PyTorch: the reference that `tools/benchmark` holds kgen's step against.

`make_step(size, batch, precision, device)` gives a function that does one training step (generator
forward once, discriminator update, generator update through the updated discriminator) and returns
the generator's loss as a float.
"""

import contextlib

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss


class UNet(nn.Module):
    """C64-C128-C256-C512x5 down, as many up."""

    def __init__(self, depth: int = 8, base: int = 64) -> None:
        super().__init__()
        widths = [base * min(2**i, 8) for i in range(depth)]
        self.down, self.down_norm = nn.ModuleList(), nn.ModuleList()
        self.up, self.up_norm = nn.ModuleList(), nn.ModuleList()
        for i, width in enumerate(widths):
            self.down.append(nn.Conv2d(widths[i - 1] if i else 3, width, 4, 2, 1, bias=False))
            normed = 0 < i < depth - 1
            self.down_norm.append(nn.BatchNorm2d(width) if normed else nn.Identity())
        for i in reversed(range(depth)):
            into = widths[i] * (1 if i == depth - 1 else 2)
            out = widths[i - 1] if i else 3
            self.up.append(nn.ConvTranspose2d(into, out, 4, 2, 1, bias=i == 0))
            self.up_norm.append(nn.BatchNorm2d(out) if i else nn.Identity())
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = []
        for i, (conv, norm) in enumerate(zip(self.down, self.down_norm, strict=True)):
            x = norm(conv(nn.functional.leaky_relu(x, 0.2) if i else x))
            skips.append(x)
        x = skips.pop()
        last = len(self.up) - 1
        for i, (conv, norm) in enumerate(zip(self.up, self.up_norm, strict=True)):
            x = norm(conv(torch.relu(x)))
            if i < 3:
                x = self.drop(x)
            if i < last:
                x = torch.cat([skips.pop(), x], 1)
        return torch.tanh(x)


def patch_gan(base: int = 64) -> nn.Module:
    """C64-C128-C256-C512 and a map of logits."""
    layers: list[nn.Module] = []
    channels = 6
    for i, stride in enumerate((2, 2, 2, 1)):
        width = base * 2**i
        layers.append(nn.Conv2d(channels, width, 4, stride, 1, bias=i == 0))
        layers += [nn.BatchNorm2d(width)] if i else []
        layers.append(nn.LeakyReLU(0.2, True))
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))


def make_step(size: int, batch: int, precision: str = "float32", device: str = "cpu"):
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = precision != "float32"
    torch.backends.cudnn.allow_tf32 = precision != "float32"
    g, d = UNet(depth=size.bit_length() - 1).to(device), patch_gan().to(device)
    optimizers = [torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in (g, d)]
    source = torch.rand(batch, 3, size, size, device=device) * 2 - 1
    target = source.flip(1)

    def autocast():
        if precision == "bfloat16":
            return torch.autocast(device, torch.bfloat16)
        return contextlib.nullcontext()

    def bce(logits: torch.Tensor, value: float) -> torch.Tensor:
        return binary_cross_entropy_with_logits(
            logits.float(), torch.full_like(logits, value).float()
        )

    def step() -> float:
        g_optimizer, d_optimizer = optimizers
        with autocast():
            fake = g(source)
        d.requires_grad_(True)
        d_optimizer.zero_grad()
        with autocast():
            on_fake = d(torch.cat([source, fake.detach()], 1))
            on_real = d(torch.cat([source, target], 1))
        (0.5 * (bce(on_fake, 0.0) + bce(on_real, 1.0))).backward()
        d_optimizer.step()
        d.requires_grad_(False)
        g_optimizer.zero_grad()
        with autocast():
            logits = d(torch.cat([source, fake], 1))
        loss = bce(logits, 1.0) + 100 * l1_loss(fake.float(), target)
        loss.backward()
        g_optimizer.step()
        return loss.item()

    return step
