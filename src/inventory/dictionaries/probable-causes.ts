/** Event types of the probable causes (O2IMS table 4.1-2). */
const EVENT_TYPES = {
  C: 'COMMUNICATIONS_ALARM',
  P: 'PROCESSING_ERROR_ALARM',
  E: 'ENVIRONMENTAL_ALARM',
  Q: 'QOS_ALARM',
  K: 'EQUIPMENT_ALARM',
} as const

type Row = [code: string, eventType: keyof typeof EVENT_TYPES, description: string]

/** A probable cause of O2IMS table 4.3-1; the codes stand here as they are printed, misspellings included. */
export interface StandardCause {
  code: string
  eventType: (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES]
  description: string
}

export const CLUSTER_CAUSES = causes([['CLUSTER_COMMUNICATION', 'C', 'Parts of the cluster do not reach each other']])

export const NETWORK_CAUSES = causes([
  ['NETWORK_CONFIGURATION', 'P', 'The configuration of the network is wrong'],
  ['NETWORK_CONNECTVITY_SIGNAL', 'C', 'The network has no signal, or a bad one'],
  ['NETWORK_CPU_OVERLOAD', 'P', 'A processor of the network is overloaded'],
  ['NETWORK_MEMORY_OVERLOAD', 'P', 'Memory of the network runs out'],
  ['NETWORK_OVERLOAD', 'Q', 'More traffic than the network carries'],
  ['NETWORK_PACKET_LOSS', 'C', 'Packets are lost'],
  ['NETWORK_QOS', 'Q', 'The quality of service is not what was agreed'],
])

export const NODE_CAUSES = causes([
  ['CERTIFICATE_EXPIRATION', 'P', 'A certificate has expired or is about to'],
  ['HOST_OS_ERROR', 'P', 'The operating system reports an error'],
  ['INFRA_COMPONENT_MAINTENANCE', 'K', 'The node is under maintenance'],
  ['INFRA_COMPONENT_POWER_OUTAGE', 'K', 'The node has no power, or too little'],
  ['NODE_DOWN', 'K', 'The node does not answer'],
  ['SYSTEM_LICENSE_EXPIRATION', 'P', 'A licence has expired or is about to'],
])

export const CPU_CAUSES = causes([
  ['CPU_BUS', 'K', 'A bus of the processors has errors'],
  ['CPU_CONFIGURATION', 'P', 'The processors are not configured as they should be'],
  ['CPU_DOWN', 'K', 'A processor does not work'],
  ['CPU_PROTOCOL', 'P', 'Processors have errors in their protocol'],
  ['CPU_TEMPERATURE', 'E', 'The temperature of a processor is out of its range'],
  ['CPU_THROTTLING', 'K', 'A processor runs slower to protect itself'],
  ['PROCESSOR_SENSOR', 'K', 'A sensor of a processor does not work'],
])

export const MEMORY_CAUSES = causes([
  ['MEMORY_BIT_ERROR', 'P', 'Memory has bit errors'],
  ['MEMORY_CONFIGURATION', 'P', 'Memory is not configured as it should be'],
  ['MEMORY_ECC', 'P', 'Memory has errors that were corrected, or could not be'],
  ['MEMORY_REDUNDANCY', 'K', 'Redundancy of memory is lost'],
  ['MEMORY_STATE', 'P', 'Memory is in a state that it should not be in'],
  ['MEMORY_TEMPERATURE', 'E', 'The temperature of memory is out of its range'],
])

export const NIC_CAUSES = causes([
  ['NIC_CABLE', 'K', 'A cable is loose, broken or missing'],
  ['NIC_CONFIGURATION', 'P', 'The network card is not configured as it should be'],
  ['NIC_DOWN', 'K', 'The network card does not work'],
  ['NIC_LINK_DOWN', 'C', 'A link is down'],
  ['NIC_LINK_TUNING', 'C', 'A link could not be tuned'],
  ['NIC_PCI_ERROR', 'K', 'The network card has errors on PCI'],
  ['NIC_PCI_PARITY_ERROR', 'P', 'The network card has parity errors on PCI'],
  ['NIC_PCIE_ERROR', 'K', 'The network card has errors on PCIe'],
  ['NIC_RECEIVE_FAILURE', 'K', 'The network card cannot receive'],
  ['NIC_TRANSMIT_FAILURE', 'K', 'The network card cannot transmit'],
])

export const STORAGE_CAUSES = causes([
  ['STORAGE_BIT_ERROR', 'P', 'Storage has bit errors'],
  ['STORAGE_BLOCK_ERROR', 'P', 'Storage has bad blocks'],
  ['STORAGE_CACHE', 'K', 'The cache of storage does not work'],
  ['STORAGE_CAPACITY', 'Q', 'Storage is full, or nearly so'],
  ['STORAGE_CHECK', 'P', 'A check of storage found errors'],
  ['STORAGE_COMMUNICATION', 'K', 'Storage cannot be reached'],
  ['STORAGE_CONFIGURAION', 'P', 'Storage is not configured as it should be'],
  ['STORAGE_CONTROLLER', 'K', 'The controller of storage does not work'],
  ['STORAGE_DOWN', 'P', 'Storage is down'],
  ['STORAGE_DRIVE_ARRAY', 'K', 'An array of drives has a fault'],
  ['STORAGE_ECC', 'P', 'Storage has errors that were corrected, or could not be'],
  ['STORAGE_ENCLOSURE', 'E', 'The enclosure of storage has a fault'],
  ['STORAGE_FAILURE_PREDICTION', 'P', 'Storage is about to fail'],
  ['STORAGE_MEMORY', 'P', 'The memory of storage has a fault'],
  ['STORAGE_PHYSICAL_DISK_DEGRADED', 'Q', 'A disk is slower than it should be'],
  ['STORAGE_PHYSICAL_DISK_STATE', 'P', 'A disk is in a state that it should not be in'],
  ['STORAGE_POWER', 'P', 'Storage has no power, or too little'],
  ['STORAGE_REBUILD', 'P', 'Storage is being rebuilt, or could not be'],
  ['STORAGE_REDUNDANCY', 'K', 'Redundancy of storage is lost'],
  ['STORAGE_SCSI', 'K', 'Storage has errors on SCSI'],
  ['STORAGE_SENSOR', 'K', 'A sensor of storage does not work'],
  ['STORAGE_SMART', 'K', 'A disk says by SMART that it has errors'],
  ['STORAGE_TEMPERATURE', 'E', 'The temperature of storage is out of its range'],
  ['STORAGE_VIRTUAL_DISK_DEGRADED', 'Q', 'A virtual disk is slower than it should be'],
  ['STORAGE_VIRTUAL_DISK_STATE', 'P', 'A virtual disk is in a state that it should not be in'],
])

function causes(rows: Row[]): StandardCause[] {
  return rows.map(([code, eventType, description]) => ({ code, eventType: EVENT_TYPES[eventType], description }))
}
