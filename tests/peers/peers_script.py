"""What plenoptic and captum say to a network as a module; run in an environment that has them.

Prints JSON. No part of the tests by itself: test_peers.py starts it.
"""

import json

import captum.attr
import plenoptic as po
import torch

import maxstim_core as ms

N_FRAMES = 20


class LastFrame(torch.nn.Module):
    """The response in the last frame, shape (sample, cell_type)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, movie):
        return self.model(movie)[..., -1]


def main():
    network = ms.open_network("default")
    shape = (1, 1, N_FRAMES, network.lattice.n_columns)
    model = ms.as_torch_module(network, ["T4c"])
    model.eval()
    po.validate.validate_model(model, image_shape=shape)
    told = {"validate_model": True}

    torch.manual_seed(0)
    movie = (0.5 + 0.15 * torch.randn(shape)).clamp(0, 1)
    metamer = po.Metamer(movie, model)
    metamer.setup((0.5 + 0.05 * torch.randn(shape)).clamp(0, 1))
    metamer.synthesize(max_iter=15)
    told["metamer_losses"] = [float(metamer.losses[0]), float(metamer.losses[-1])]

    twice = ms.as_torch_module(network, ["T4c"], twice_differentiable=True)
    twice.eval()
    eigen = po.Eigendistortion(movie, twice)
    eigen.synthesize(method="power", max_iter=5)
    told["eigendistortions"] = list(eigen.eigendistortions.shape)
    told["eigenvalues"] = [float(value) for value in eigen.eigenvalues]

    grey = torch.full(shape, 0.5)
    last = LastFrame(model)
    attributed, missing = captum.attr.IntegratedGradients(last).attribute(
        movie, grey, target=0, n_steps=16, return_convergence_delta=True
    )
    told["attributed"] = float(attributed.sum())
    told["response"] = float(last(movie)[0, 0] - last(grey)[0, 0])
    told["missing"] = float(missing[0])
    print(json.dumps(told))


if __name__ == "__main__":
    main()
