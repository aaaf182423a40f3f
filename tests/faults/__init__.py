"""Nothing lost: everything is killed while datasets flow, and afterwards every event is accounted for."""
