from tests.flow.client.conftest import gateway, new_client, one_gateway

__all__ = ["gateway", "new_client", "one_gateway"]
