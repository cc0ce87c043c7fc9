"""One piece of memory for a network's weights: what lies where, and that it never moves."""

import pytest
import torch
from torch import nn

from quartet_pipeline.networks.weight_set import ALIGNMENT, Layout, WeightBuffer, WeightSet


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.norm = nn.BatchNorm2d(5)
        self.out = nn.Linear(5, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.out(self.norm(self.conv(x)).mean((2, 3)))
        return y


CPU = torch.device("cpu")


def weights_of(network: nn.Module) -> WeightSet:
    made = WeightSet(Layout.of(network), is_pinned=False)
    for name, tensor in network.state_dict().items():
        made.views[name].copy_(tensor)
    return made


@torch.no_grad()
def test_a_network_runs_the_same_from_one_piece_of_memory_with_convolutions_channels_last() -> None:
    network = Network().eval()
    x = torch.randn(2, 3, 8, 8)
    before = network(x)
    buffer = WeightBuffer(network, CPU)
    torch.testing.assert_close(network(x), before)
    assert network.conv.weight.is_contiguous(memory_format=torch.channels_last)
    begin = buffer.memory.data_ptr()
    for name, parameter in network.state_dict().items():
        place = buffer.layout.places[name]
        assert parameter.data_ptr() == begin + place.start
        assert place.start % ALIGNMENT == 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


@torch.no_grad()
def test_filling_changes_what_the_network_gives_and_no_address() -> None:
    network, other = Network().eval(), Network().eval()
    buffer, x = WeightBuffer(network, CPU), torch.randn(2, 3, 8, 8)
    addresses = [parameter.data_ptr() for parameter in network.state_dict().values()]
    buffer.fill(weights_of(other))
    torch.testing.assert_close(network(x), other(x))
    assert [parameter.data_ptr() for parameter in network.state_dict().values()] == addresses


@torch.no_grad()
def test_two_networks_can_lie_in_the_same_memory_one_after_the_other() -> None:
    networks = [Network().eval(), Network().eval()]
    sets, x = [weights_of(network) for network in networks], torch.randn(2, 3, 8, 8)
    expected = [network(x) for network in networks]
    memory = torch.zeros(max(one.layout.size for one in sets) + 100, dtype=torch.uint8)
    for network, made, result in zip(networks, sets, expected, strict=True):
        buffer = WeightBuffer(network.to("meta"), CPU, made.layout, memory)
        buffer.fill(made)
        torch.testing.assert_close(network(x), result)
        assert buffer.memory.data_ptr() == memory.data_ptr()


def test_numbers_with_a_point_become_the_type_that_is_asked_for() -> None:
    layout = Layout.of(Network(), torch.float16)
    kinds = {name: place.dtype for name, place in layout.places.items()}
    assert kinds["conv.weight"] == torch.float16
    assert kinds["norm.num_batches_tracked"] == torch.int64


def test_weights_of_another_layout_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected weights of the same layout"):
        WeightBuffer(Network(), CPU).fill(weights_of(nn.Linear(2, 2)))


def test_sets_are_equal_when_every_bit_is() -> None:
    network = Network()
    one, two = weights_of(network), weights_of(network)
    assert one.equals(two)
    two.views["out.bias"][0] += 1
    assert not one.equals(two)
