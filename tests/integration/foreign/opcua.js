// An OPC UA client by node-opcua: a request per line of standard input, a result per line of output.
// {"do": "read", "node": "ESS-1.Power"} -> {"value": 1.5, "type": "Double", "status": "Good"}
// {"do": "write", "values": [["ESS-1.PowerSetpoint", "Double", -100]]} -> {"statuses": ["Good"]}
// What is watched is told whenever it changes: {"changed": "ESS-1.Power", "value": 1.6}
"use strict";
const readline = require("readline");
const ua = require("node-opcua");

const NAMESPACE = "urn:ridethrough:devices";
const [endpoint, folder] = process.argv.slice(2);
const tell = (result) => process.stdout.write(JSON.stringify(result) + "\n");
console.log = console.error; // what the library has to say is no result
const shown = ({ value, statusCode, sourceTimestamp }) => ({
  value: value.value,
  type: ua.DataType[value.dataType],
  status: statusCode.name,
  at: sourceTimestamp,
});

async function main() {
  const client = ua.OPCUAClient.create({
    endpointMustExist: false,
    clientCertificateManager: new ua.OPCUACertificateManager({ rootFolder: folder }),
    connectionStrategy: { maxRetry: 0 },
  });
  await client.connect(endpoint);
  const session = await client.createSession();
  const space = (await session.readNamespaceArray()).indexOf(NAMESPACE);
  const id = (node) => (node === "Objects" ? "ObjectsFolder" : `ns=${space};s=${node}`);
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 20,
    requestedLifetimeCount: 1000,
    requestedMaxKeepAliveCount: 10,
    publishingEnabled: true,
  });

  const actions = {
    browse: async ({ node }) => ({
      names: (await session.browse(id(node))).references.map((r) => r.browseName.name),
    }),
    read: async ({ node }) => shown(await session.read({ nodeId: id(node) })),
    write: async ({ values }) => ({
      statuses: (
        await session.write(
          values.map(([node, type, value]) => ({
            nodeId: id(node),
            attributeId: ua.AttributeIds.Value,
            value: { value: { dataType: ua.DataType[type], value } },
          })),
        )
      ).map((status) => status.name),
    }),
    watch: async ({ node }) => {
      const item = await subscription.monitor(
        { nodeId: id(node), attributeId: ua.AttributeIds.Value },
        { samplingInterval: 0, queueSize: 10 },
        ua.TimestampsToReturn.Both,
      );
      item.on("changed", (value) => tell({ changed: node, ...shown(value) }));
      return { status: item.statusCode.name };
    },
  };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    tell(await actions[request.do](request));
  }
  await subscription.terminate();
  await session.close();
  await client.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
