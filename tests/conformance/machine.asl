// What a stock kernel needs to have cpufreq and a thermal zone in a virtual machine:
//  - two CPUs that share one clock with five P-states, handed to acpi-cpufreq. Each choice of a
//    P-state is a byte on I/O port 0x505, which the host records ('A' the fastest, 'E' the slowest);
//  - a thermal zone whose temperature is byte 0x70 of the CMOS memory, degrees Celsius, which the
//    guest's root sets through /dev/port. Above 95 the kernel throttles both CPUs.
DefinitionBlock ("machine.aml", "SSDT", 2, "DYNOFA", "CPUFREQ", 1)
{
  External (\_SB.CPUS.C000, ProcessorObj)
  External (\_SB.CPUS.C001, ProcessorObj)

  Name (\DPCT, Package () {
    ResourceTemplate () { Register (SystemIO, 8, 0, 0x505) },
    ResourceTemplate () { Register (SystemIO, 8, 0, 0x505) }
  })
  // MHz, mW, latencies in us, control, status
  Name (\DPSS, Package () {
    Package () { 3000, 30000, 10, 10, 0x41, 0x41 },
    Package () { 2500, 22000, 10, 10, 0x42, 0x42 },
    Package () { 2000, 16000, 10, 10, 0x43, 0x43 },
    Package () { 1400, 10000, 10, 10, 0x44, 0x44 },
    Package () {  800,  6000, 10, 10, 0x45, 0x45 }
  })
  // One domain of two CPUs, coordinated by software.
  Name (\DPSD, Package () { Package () { 5, 0, 0, 0xFC, 2 } })

  Scope (\_SB.CPUS.C000) {
    Method (_PCT) { Return (\DPCT) }
    Method (_PSS) { Return (\DPSS) }
    Method (_PPC) { Return (0) }
    Method (_PSD) { Return (\DPSD) }
  }
  Scope (\_SB.CPUS.C001) {
    Method (_PCT) { Return (\DPCT) }
    Method (_PSS) { Return (\DPSS) }
    Method (_PPC) { Return (0) }
    Method (_PSD) { Return (\DPSD) }
  }

  Scope (\_SB) {
    OperationRegion (CMOS, SystemIO, 0x70, 2)
    Field (CMOS, ByteAcc, NoLock, Preserve) { INDX, 8, DATA, 8 }
    IndexField (INDX, DATA, ByteAcc, NoLock, Preserve) { Offset (0x70), TEMP, 8 }

    ThermalZone (TZ00) {
      // Tenths of kelvin.
      Method (_TMP, 0, Serialized) { Return (2732 + TEMP * 10) }
      Method (_CRT) { Return (2732 + 1500) }
      Method (_PSV) { Return (2732 + 950) }
      Name (_PSL, Package () { \_SB.CPUS.C000, \_SB.CPUS.C001 })
      Name (_TC1, 1)
      Name (_TC2, 2)
      // Looks every second, in tenths.
      Name (_TSP, 10)
      Name (_TZP, 10)
    }
  }
}
