"""gRPC's texts of targets, authorities and peers, as the RPC conventions want them."""

from __future__ import annotations

import pytest

from otelrun.instrumentation.grpc.attributes import peer_attributes, server_of_authority, server_of_target


@pytest.mark.parametrize(
    ("target", "server"),
    [
        ("grpc.io:50051", ("grpc.io", 50051)),
        ("grpc.io", ("grpc.io", None)),
        ("dns:///grpc.io:50051", ("grpc.io", 50051)),
        ("dns://1.2.3.4/grpc.io:50051", ("grpc.io", 50051)),
        ("dns:grpc.io:50051", ("grpc.io", 50051)),
        ("passthrough:///10.1.2.80:443", ("10.1.2.80", 443)),
        ("ipv4:198.51.100.123:50051", ("198.51.100.123", 50051)),
        ("ipv6:[2607:f8b0:400e:c00::ef]:443", ("2607:f8b0:400e:c00::ef", 443)),
        ("[::1]:50051", ("::1", 50051)),
        ("[::1]", ("::1", None)),
        ("::1", ("::1", None)),
        ("unix:///run/containerd/containerd.sock", ("/run/containerd/containerd.sock", None)),
        ("unix:relative.sock", ("relative.sock", None)),
        ("zk://zookeeper:2181/my-server", ("zk://zookeeper:2181/my-server", None)),
        ("xds:///billing", ("xds:///billing", None)),
        (
            "ipv4:198.51.100.123:50051,198.51.100.124:50051",
            ("ipv4:198.51.100.123:50051,198.51.100.124:50051", None),
        ),
        ("", ("", None)),
    ],
)
def test_the_target_of_a_channel_names_its_server(target, server):
    assert server_of_target(target) == server


@pytest.mark.parametrize(
    ("authority", "server"),
    [("localhost:50051", ("localhost", 50051)), ("[::1]:80", ("::1", 80)), ("example.com", ("example.com", None))],
)
def test_the_authority_of_a_request_names_its_server(authority, server):
    assert server_of_authority(authority) == server


@pytest.mark.parametrize(
    ("peer", "attributes"),
    [
        ("ipv4:127.0.0.1:50051", {"network.peer.address": "127.0.0.1", "network.peer.port": 50051}),
        ("ipv6:[::1]:50051", {"network.peer.address": "::1", "network.peer.port": 50051}),
        ("ipv6:%5B::1%5D:50051", {"network.peer.address": "::1", "network.peer.port": 50051}),
        ("unix:/run/shop.sock", {"network.peer.address": "/run/shop.sock"}),
        ("unix:", {}),
        ("", {}),
        ("unknown", {}),
    ],
)
def test_the_peer_of_a_call_is_an_address_and_a_port(peer, attributes):
    assert peer_attributes(peer) == attributes
