"""The services of Yiping; they meet in `schemas` and reach outside through `services.backbone`."""

VERSION = "0.1.0"
